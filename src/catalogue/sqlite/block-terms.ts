/**
 * Terms by which the inverted index finds a range of numbers. The numbers are cut into blocks, those
 * into smaller ones, and an image stands under each block that its number lies in: a range is then
 * a few dozen terms, whatever numbers the images have, and these are merged in order of place as
 * others are. Each width costs every import a word for each image and audience.
 */
export interface Blocks {
  /** A letter of their own: other terms begin with a hex digit. */
  readonly letter: 'u' | 's'
  /** The smallest first; each is a multiple of the one before. */
  readonly widths: readonly [1, ...number[]]
}

/** The terms of all blocks that the number lies in. */
export function termsOfNumber(blocks: Blocks, number: number): readonly string[] {
  return blocks.widths.map((width, level) => blockTerm(blocks, level, Math.floor(number / width)))
}

/** The fewest blocks that make up the range, both ends included, as terms. */
export function termsOfRange(blocks: Blocks, low: number, high: number): readonly string[] {
  const terms: string[] = []
  let [first, last] = [low, high]
  for (const [level, width] of blocks.widths.entries()) {
    const parts = (blocks.widths[level + 1] ?? Number.POSITIVE_INFINITY) / width
    while (first <= last && first % parts !== 0) terms.push(blockTerm(blocks, level, first++))
    while (first <= last && (last + 1) % parts !== 0) terms.push(blockTerm(blocks, level, last--))
    if (first > last) break
    first = Math.floor(first / parts)
    last = Math.floor(last / parts)
  }
  return terms
}

function blockTerm({ letter }: Blocks, level: number, block: number): string {
  return `${letter}${level}x${block}`
}
