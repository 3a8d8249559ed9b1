import type { Readable, Writable } from 'node:stream'
import type { Environment } from '../config/environment.ts'

/** What a command is given of the process it runs in. */
export interface Terminal {
  readonly environment: Environment
  readonly cwd: string
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  /** Aborted by Ctrl+C or SIGTERM; a command then ends as soon as it can do so cleanly. */
  readonly stop: AbortSignal
  /** SIGHUP does this from now on, in place of stopping. */
  onHangUp(act: () => void): void
  /** How this program was called, as it can be pasted into a shell. */
  readonly program: string
}

/** Control characters in names could rewrite what the terminal shows; they are printed as escapes. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u${code.toString(16).padStart(4, '0')}`
  })
}
