import type { Database } from '../../database/database.ts'

/**
 * Terms by which the inverted index answers "updated from then to then". Time is divided into
 * blocks, and these into smaller ones, down to seconds. An image is indexed under each block in
 * which it was updated, so any range of times is a few dozen terms, which are merged in order of
 * place like other terms. Each width adds one word for each image and audience to an import.
 */
const BLOCK_SECONDS = [1, 2 ** 8, 2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24] as const
const SECOND_MAX = 2 ** 32 - 1

/** Images just outside a range that may be found with it: the check of the row removes them. */
const OUTSIDE_MAX = 500
const BETWEEN = 'SELECT 1 FROM images WHERE updated_at >= ? AND updated_at < ? LIMIT ?'
const FIRST_AND_LAST = `SELECT (SELECT min(updated_at) FROM images) AS first,
  (SELECT max(updated_at) FROM images) AS last`

/** Of Unix seconds, both included. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** The terms of an image updated then. A time outside of 32 bits counts as the first or last one. */
export function updatedTerms(updatedAt: number): readonly string[] {
  const second = within(updatedAt)
  return BLOCK_SECONDS.map((width, level) => blockTerm(level, Math.floor(second / width)))
}

/**
 * One of these terms is held by every image updated in the range, and by few others: an end of the
 * range moves outwards as long as few images lie between, which saves most of the terms.
 */
export function termsOfUpdates(database: Database, range: TimeRange): readonly string[] {
  const { first, last } = database.prepare(FIRST_AND_LAST).get() as Record<string, number | null>
  let low = within(Math.max(range.from, first ?? 0))
  let high = within(Math.min(range.to, last ?? 0))
  const isFew = (from: number, before: number) =>
    database.prepare(BETWEEN).all(from, before, OUTSIDE_MAX + 1).length <= OUTSIDE_MAX
  for (const width of BLOCK_SECONDS) {
    const start = low - (low % width)
    if (!isFew(start, low)) break
    low = start
  }
  for (const width of BLOCK_SECONDS) {
    const end = high - (high % width) + width
    if (!isFew(high + 1, end)) break
    high = end - 1
  }
  return blockTerms(low, high)
}

/** The fewest blocks that make up the range, as terms. */
export function blockTerms(low: number, high: number): readonly string[] {
  const terms: string[] = []
  let [first, last] = [low, high]
  for (const [level, width] of BLOCK_SECONDS.entries()) {
    const parts = (BLOCK_SECONDS[level + 1] ?? Number.POSITIVE_INFINITY) / width
    while (first <= last && first % parts !== 0) terms.push(blockTerm(level, first++))
    while (first <= last && (last + 1) % parts !== 0) terms.push(blockTerm(level, last--))
    if (first > last) break
    first = Math.floor(first / parts)
    last = Math.floor(last / parts)
  }
  return terms
}

/** No other term begins with such a letter: those are hex digits alone. */
function blockTerm(level: number, block: number): string {
  return `u${level}x${block}`
}

function within(seconds: number): number {
  return Math.min(Math.max(seconds, 0), SECOND_MAX)
}
