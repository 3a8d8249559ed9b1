import type { Image } from '../../image/image.ts'
import { type ImageRow, imageOfRow } from './image-rows.ts'

/** What one generation holds, at most. */
const IMAGES_MAX = 10_000
const BYTES_MAX = 32 * 1024 * 1024
/** What an image takes beside its texts, roughly. */
const BYTES_EACH = 1024

interface Entry {
  readonly revision: number
  readonly image: Image
  readonly bytes: number
}

/**
 * Recently read images, by row and revision: reading a row again gives the same object. When the
 * young generation is full it becomes the old one, and the old one is dropped, so entries are not
 * moved or removed one by one.
 */
export class RememberedImages {
  #young = new Map<number, Entry>()
  #old = new Map<number, Entry>()
  #bytes = 0

  find(n: number, revision: number): Image | undefined {
    let entry = this.#young.get(n)
    if (entry === undefined) {
      entry = this.#old.get(n)
      if (entry?.revision === revision) this.#keep(n, entry)
    }
    return entry?.revision === revision ? entry.image : undefined
  }

  /** The image of a row: the remembered one, or else a new one, which is then remembered. */
  ofRow(row: ImageRow): Image {
    const known = this.find(row.n, row.revision)
    if (known !== undefined) return known
    const image = imageOfRow(row)
    const texts = row.properties.length + row.members.length + row.tags.length
    this.#keep(row.n, { revision: row.revision, image, bytes: BYTES_EACH + 3 * texts })
    return image
  }

  #keep(n: number, entry: Entry): void {
    if (this.#young.size >= IMAGES_MAX || this.#bytes >= BYTES_MAX) {
      this.#old = this.#young
      this.#young = new Map()
      this.#bytes = 0
    }
    this.#young.set(n, entry)
    this.#bytes += entry.bytes
  }
}
