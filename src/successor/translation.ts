import type { AskedCall } from './asked-call.ts'

/** What a tool can be told to do in place of a call. */
export interface Translation {
  /** A command or a piece of a program; undefined: the tool has no equivalent. */
  readonly text: string | undefined
  /**
   * Parts of the call that the tool does not support: `text` then finds more images than the call.
   */
  readonly missing: readonly string[]
  /** What a reader has to know besides. */
  readonly notes: readonly string[]
}

/** @param imageEndpoint the Image service's address, or the shell variable that holds it */
export type Translator = (call: AskedCall, imageEndpoint: string) => Translation

export function translated(
  text: string,
  missing: readonly string[] = [],
  notes: readonly string[] = [],
): Translation {
  return { text, missing, notes }
}

export function noEquivalent(reason: string): Translation {
  return { text: undefined, missing: [], notes: [reason] }
}

/** What every tool has to say of the call that replaces all metadata. */
export const REPLACE_ALL =
  'No call replaces all properties at once: remove those that are to go, and set the rest.'
