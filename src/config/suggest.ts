/** A word this far off, for its length, is no slip of the keyboard. */
const CHARACTERS_PER_SLIP = 3

/**
 * ` (did you mean "port"?)` for the candidate nearest to `word`, or nothing if none is near. Leave
 * a shared prefix out of `word` and `candidates`: with it all look alike.
 */
export function didYouMean(word: string, candidates: readonly string[], prefix = ''): string {
  const best = nearest(word, candidates)
  return best === undefined ? '' : ` (did you mean "${prefix}${best}"?)`
}

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = fold(word)
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(plain.length / CHARACTERS_PER_SLIP)) + 1
  for (const candidate of candidates) {
    const slips = distance(plain, fold(candidate))
    if (slips < fewest) {
      fewest = slips
      best = candidate
    }
  }
  return best
}

/** `public_url`, `public-url` and `publicUrl` are one word in three spellings. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

/** The number of insertions, deletions, changes and swaps of neighbouring letters. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1
      const isSwap =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + cost,
        isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
