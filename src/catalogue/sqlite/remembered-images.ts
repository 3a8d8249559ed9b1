import type { Image } from '../../image/image.ts'
import { type ImageRow, imageOfRow } from './image-rows.ts'

const IMAGES_MAX = 20_000
const BYTES_MAX = 64 * 1024 * 1024
/** What an image takes beside its texts, roughly. */
const BYTES_EACH = 1024

interface Entry {
  readonly revision: number
  readonly image: Image
  readonly bytes: number
}

/**
 * Images lately read, by row and revision: a row read again gives the very same object. The least
 * lately used ones go first.
 */
export class RememberedImages {
  readonly #entries = new Map<number, Entry>()
  #bytes = 0

  find(n: number, revision: number): Image | undefined {
    const entry = this.#entries.get(n)
    if (entry === undefined || entry.revision !== revision) return undefined
    this.#entries.delete(n)
    this.#entries.set(n, entry)
    return entry.image
  }

  /** The image of a row: the remembered one, or else made, and remembered from now on. */
  ofRow(row: ImageRow): Image {
    const known = this.find(row.n, row.revision)
    if (known !== undefined) return known
    this.#drop(row.n)
    const image = imageOfRow(row)
    const texts = row.properties.length + row.members.length + row.tags.length
    const entry = { revision: row.revision, image, bytes: BYTES_EACH + 3 * texts }
    this.#entries.set(row.n, entry)
    this.#bytes += entry.bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= IMAGES_MAX && this.#bytes <= BYTES_MAX) break
      this.#drop(oldest)
    }
    return image
  }

  #drop(n: number): void {
    const entry = this.#entries.get(n)
    if (entry === undefined) return
    this.#entries.delete(n)
    this.#bytes -= entry.bytes
  }
}
