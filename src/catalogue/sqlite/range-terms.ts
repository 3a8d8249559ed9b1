import type { Reads } from '../../database/readers.ts'
import { type Blocks, termsOfNumber, termsOfRange } from './block-terms.ts'

/** The terms of times of update and of sizes, and of ranges of them. */

/** Of Unix seconds. */
const UPDATES: Blocks = { letter: 'u', widths: [1, 2 ** 8, 2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24] }
const SECOND_MAX = 2 ** 32 - 1

/** Of `magnitude`. */
const SIZES: Blocks = { letter: 's', widths: [1, 2 ** 5, 2 ** 10] }
/** Up to here every whole number is one of its own. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER

/** Images just outside a range that may be found with it: they are left to the check of the row. */
const OUTSIDE_MAX = 500
const BETWEEN = 'SELECT 1 FROM images WHERE updated_at >= ? AND updated_at < ? LIMIT ?'
const FIRST_AND_LAST = `SELECT (SELECT min(updated_at) FROM images) AS first,
  (SELECT max(updated_at) FROM images) AS last`

/** Both ends are included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The terms of an image updated then. A time outside of 32 bits counts as the first or last one. */
export function updatedTerms(updatedAt: number): readonly string[] {
  return termsOfNumber(UPDATES, within(updatedAt, SECOND_MAX))
}

/**
 * One of these terms is held by every image updated in the range, and by few others: an end of the
 * range moves outwards as long as few images lie between, which saves most of the terms.
 */
export function termsOfUpdates(reads: Reads, range: Range): readonly string[] {
  const { first, last } = reads.prepare(FIRST_AND_LAST).get() as Record<string, number | null>
  let low = within(Math.max(range.from, first ?? 0), SECOND_MAX)
  let high = within(Math.min(range.to, last ?? 0), SECOND_MAX)
  const isFew = (from: number, before: number) =>
    reads.prepare(BETWEEN).all(from, before, OUTSIDE_MAX + 1).length <= OUTSIDE_MAX
  for (const width of UPDATES.widths) {
    const start = low - (low % width)
    if (!isFew(start, low)) break
    low = start
  }
  for (const width of UPDATES.widths) {
    const end = high - (high % width) + width
    if (!isFew(high + 1, end)) break
    high = end - 1
  }
  return termsOfRange(UPDATES, low, high)
}

/** The terms of an image of that size. */
export function sizeTerms(sizeBytes: number): readonly string[] {
  return termsOfNumber(SIZES, magnitude(sizeBytes))
}

/** One of these terms is held by every image in the range, and by those of a hundredth around it. */
export function termsOfSizes({ from, to }: Range): readonly string[] {
  return termsOfRange(SIZES, magnitude(from), magnitude(to))
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)
/** What is cut off a float of 32 bits: six bits of its fraction remain. */
const FRACTION_BITS_CUT = 17

/** Grows with the size, 64 steps from each power of two to the next: a float's bits sort as it does. */
function magnitude(sizeBytes: number): number {
  float[0] = within(sizeBytes, SIZE_MAX)
  return (bits[0] ?? 0) >>> FRACTION_BITS_CUT
}

function within(number: number, max: number): number {
  return Math.min(Math.max(number, 0), max)
}
