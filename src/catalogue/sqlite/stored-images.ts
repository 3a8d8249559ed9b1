import type { Database } from '../../database/database.ts'
import type { Reads } from '../../database/readers.ts'
import type { Image } from '../../image/image.ts'
import { charactersOf } from '../managed-images.ts'
import type { FoundRow } from './found-images.ts'
import { type ImageRow, idBytes, rowOfColumns, SELECT_IMAGE } from './image-rows.ts'
import { BY_ID } from './image-writer.ts'
import { RememberedImages } from './remembered-images.ts'

/** Images whose texts are read together; each may be of several MiB. */
const SLICE_IMAGES = 20

const BY_NUMBERS = `${SELECT_IMAGE} WHERE n IN (SELECT value FROM json_each(?))`

/** The images of rows; those that were read lately are not read again. */
export class StoredImages {
  readonly #database: Database
  readonly #remembered = new RememberedImages()

  constructor(database: Database) {
    this.#database = database
  }

  readonly ofRow = (row: ImageRow): Image => this.#remembered.ofRow(row)

  row(id: string, reads: Reads = this.#database): ImageRow | undefined {
    const bytes = idBytes(id)
    return bytes && (reads.prepare(BY_ID).get(bytes) as ImageRow | undefined)
  }

  /** Reads a few images at a time, until all are read or the page has enough text. */
  upTo(
    found: readonly FoundRow[],
    charactersMax: number,
    reads: Reads = this.#database,
  ): readonly Image[] {
    const images: Image[] = []
    let characters = 0
    for (let start = 0; start < found.length; start += SLICE_IMAGES) {
      for (const image of this.#of(found.slice(start, start + SLICE_IMAGES), reads)) {
        if (characters >= charactersMax) return images
        characters += charactersOf(image)
        images.push(image)
      }
    }
    return images
  }

  /** The images if all of them are remembered. */
  remembered(found: readonly FoundRow[]): readonly Image[] | undefined {
    const images: Image[] = []
    for (const { n, revision } of found) {
      const image = this.#remembered.find(n, revision)
      if (image === undefined) return undefined
      images.push(image)
    }
    return images
  }

  /** Reads those that are not remembered, all in one go. */
  #of(found: readonly FoundRow[], reads: Reads): readonly Image[] {
    const images = found.map(({ n, revision }) => this.#remembered.find(n, revision))
    const missing = found.filter((_, at) => images[at] === undefined).map(({ n }) => n)
    if (missing.length === 0) return images as readonly Image[]
    const statement = reads.prepare(BY_NUMBERS)
    statement.setReturnArrays(true)
    const read = new Map<number, Image>()
    for (const columns of statement.all(JSON.stringify(missing)) as unknown as unknown[][]) {
      const row = rowOfColumns(columns)
      read.set(row.n, this.ofRow(row))
    }
    return found.map(({ n }, at) => images[at] ?? (read.get(n) as Image))
  }
}
