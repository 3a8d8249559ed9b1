import type { Database } from '../../database/database.ts'
import type { Reads } from '../../database/readers.ts'
import type { Image } from '../../image/image.ts'
import type { FoundRow } from './found-images.ts'
import { type ImageRow, idBytes } from './image-rows.ts'
import { BY_ID } from './image-writer.ts'
import { type HowToRead, readImages } from './read-images.ts'
import { RememberedImages } from './remembered-images.ts'

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

  /** The images of rows; see `readImages`. */
  read(
    found: readonly FoundRow[],
    how: HowToRead,
    reads: Reads = this.#database,
  ): readonly Image[] {
    return readImages(found, reads, this.#remembered, how)
  }

  /** The images if all of them are remembered. */
  remembered(found: readonly FoundRow[]): readonly Image[] | undefined {
    const images: Image[] = []
    for (const { n, revision } of found) {
      const image = this.#remembered.find(n, revision)?.image
      if (image === undefined) return undefined
      images.push(image)
    }
    return images
  }
}
