/** More differing characters than a third of the word is no slip of the finger... */
const DIFFERENCE_SHARE_MAX = 1 / 3
/** ...but two characters that changed places count as two. */
const DIFFERENCE_ALLOWED = 2

/** The candidate that `word` was probably meant to be. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  const share = Math.floor(word.length * DIFFERENCE_SHARE_MAX)
  // And never all of it.
  let bestDistance = Math.min(Math.max(DIFFERENCE_ALLOWED, share) + 1, word.length)
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Levenshtein's: insertions, deletions and replacements. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let line = 1; line <= left.length; line += 1) {
    const next = [line]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[line - 1] === right[column - 1]
      const replaced = (row[column - 1] ?? 0) + (same ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
