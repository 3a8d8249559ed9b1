/** Room for Glance's own quota of 128 properties, each as long as Glance can hold. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
/** The deepest thing in an image document, a location's validation data, is at depth 5. */
export const NESTING_DEPTH_MAX = 32
/** The part of a too large document that is kept to read its id. */
export const HEAD_BYTES = 4096

/** One JSON value at the place of an image document, or the fault found there. */
export interface Piece {
  /** The line it starts on, from 1. */
  readonly line: number
  /** All its bytes; where there is a problem, as many as are at hand. */
  readonly bytes: Buffer
  readonly problem?: string
}

export const TOO_LONG = `is longer than ${DOCUMENT_BYTES_MAX} bytes`
export const TOO_DEEP = `is nested deeper than ${NESTING_DEPTH_MAX} levels`
export const CUT_OFF = 'it seems to be cut off'
