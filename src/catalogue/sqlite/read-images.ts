import type { Reads } from '../../database/readers.ts'
import type { Image } from '../../image/image.ts'
import type { FoundRow } from './found-images.ts'
import { type ImageRow, imageOfRow, rowOfColumns, SELECT_IMAGE, TEXT_BYTES } from './image-rows.ts'
import type { RememberedImages } from './remembered-images.ts'

/** Of texts, read in one go: SQLite's binding holds all rows of it twice. */
const SLICE_BYTES_MAX = 1024 * 1024

const SIZES = `SELECT n, ${TEXT_BYTES} FROM images WHERE n IN (SELECT value FROM json_each(?))`
const BY_NUMBERS = `${SELECT_IMAGE} WHERE n IN (SELECT value FROM json_each(?))`

export interface HowToRead {
  readonly bytesMax: number
  /** They are not remembered. */
  readonly isPassing?: boolean
}

/**
 * The images of rows that were found on the same state, in that order: up to the first with which
 * their texts would take more than `bytesMax`, but at least one. Nothing large is read in vain: how
 * long a text is stands at the beginning of its row.
 */
export function readImages(
  found: readonly FoundRow[],
  reads: Reads,
  remembered: RememberedImages,
  { bytesMax, isPassing = false }: HowToRead,
): readonly Image[] {
  const known = found.map(({ n, revision }) => remembered.find(n, revision))
  const missing = found.filter((_, at) => known[at] === undefined).map(({ n }) => n)
  const sizes = sizesOf(missing, reads)
  let bytes = 0
  const end = found.findIndex(({ n }, at) => {
    bytes += known[at]?.textBytes ?? sizes.get(n) ?? 0
    return at > 0 && bytes > bytesMax
  })
  const shown = end === -1 ? found : found.slice(0, end)
  const unknown = shown.filter((_, at) => known[at] === undefined).map(({ n }) => n)
  const imageOf = isPassing ? imageOfRow : (row: ImageRow) => remembered.ofRow(row)
  const read = readSlices(unknown, sizes, reads, imageOf)
  return shown.map(({ n }, at) => known[at]?.image ?? (read.get(n) as Image))
}

function sizesOf(numbers: readonly number[], reads: Reads): ReadonlyMap<number, number> {
  if (numbers.length === 0) return new Map()
  return new Map(rowsOf(reads, SIZES, numbers) as [number, number][])
}

function readSlices(
  numbers: readonly number[],
  sizes: ReadonlyMap<number, number>,
  reads: Reads,
  imageOf: (row: ImageRow) => Image,
): ReadonlyMap<number, Image> {
  const read = new Map<number, Image>()
  let start = 0
  let bytes = 0
  for (const [at, n] of numbers.entries()) {
    bytes += sizes.get(n) ?? 0
    const next = numbers[at + 1]
    if (next !== undefined && bytes + (sizes.get(next) ?? 0) <= SLICE_BYTES_MAX) continue
    for (const columns of rowsOf(reads, BY_NUMBERS, numbers.slice(start, at + 1))) {
      const row = rowOfColumns(columns)
      read.set(row.n, imageOf(row))
    }
    start = at + 1
    bytes = 0
  }
  return read
}

/** All in one go, as arrays. */
function rowsOf(reads: Reads, sql: string, numbers: readonly number[]): readonly unknown[][] {
  const statement = reads.prepare(sql)
  statement.setReturnArrays(true)
  return statement.all(JSON.stringify(numbers)) as unknown as unknown[][]
}
