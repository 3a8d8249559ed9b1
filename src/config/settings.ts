import type { OptionKey } from './options.ts'

/** Where a value comes from. */
export type Origin =
  | { readonly from: 'flag'; readonly flag: string }
  | { readonly from: 'variable'; readonly variable: string }
  | { readonly from: 'file'; readonly file: string; readonly line: number; readonly key: string }
  | { readonly from: 'default' }

/** A value as it was written, not parsed yet. */
export interface Setting {
  readonly key: OptionKey
  readonly texts: readonly string[]
  readonly origin: Origin
  /** Relative paths start here. */
  readonly folder: string
}

/** The settings of one source (flags, variables, a file), and its faults. */
export interface Source {
  readonly settings: readonly Setting[]
  readonly problems: readonly string[]
}

/** The configuration cannot be used. `message` has a line for each problem, each naming its place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** For people: `--data`, `AFTERIMAGE_DATA`, `afterimage.yaml:3`, `default`. */
export function printOrigin(origin: Origin): string {
  switch (origin.from) {
    case 'flag':
      return origin.flag
    case 'variable':
      return origin.variable
    case 'file':
      return `${origin.file}:${origin.line}`
    case 'default':
      return 'default'
  }
}

/** `a, b` -> a and b; nothing -> an empty list. */
export function splitList(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => part.trim())
}
