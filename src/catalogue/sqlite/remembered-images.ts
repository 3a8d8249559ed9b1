import type { Image } from '../../image/image.ts'
import { type ImageRow, imageOfRow } from './image-rows.ts'

/** What one generation holds, at most. */
const IMAGES_MAX = 10_000
const BYTES_MAX = 32 * 1024 * 1024
/** What an image takes beside its texts, roughly. */
const BYTES_EACH = 1024
/** Of the texts; what was printed of a larger image would be held too, once for each face. */
const TEXT_BYTES_MAX = 64 * 1024

interface Entry {
  readonly revision: number
  readonly image: Image
  /** Of its texts in the row. */
  readonly textBytes: number
}

/**
 * Recently read images, by row and revision: reading a row again gives the same object, unless the
 * image is large. When the young generation is full it becomes the old one, and the old one is
 * dropped, so entries are not moved or removed one by one.
 */
export class RememberedImages {
  #young = new Map<number, Entry>()
  #old = new Map<number, Entry>()
  #bytes = 0

  find(n: number, revision: number): Entry | undefined {
    let entry = this.#young.get(n)
    if (entry === undefined) {
      entry = this.#old.get(n)
      if (entry?.revision === revision) this.#keep(n, entry)
    }
    return entry?.revision === revision ? entry : undefined
  }

  /** The image of a row: the remembered one, or else a new one, which is then remembered. */
  ofRow(row: ImageRow): Image {
    const known = this.find(row.n, row.revision)
    if (known !== undefined) return known.image
    const image = imageOfRow(row)
    const textBytes = textBytesOfRow(row)
    if (textBytes <= TEXT_BYTES_MAX) {
      this.#keep(row.n, { revision: row.revision, image, textBytes })
    }
    return image
  }

  #keep(n: number, entry: Entry): void {
    if (this.#young.size >= IMAGES_MAX || this.#bytes >= BYTES_MAX) {
      this.#old = this.#young
      this.#young = new Map()
      this.#bytes = 0
    }
    this.#young.set(n, entry)
    this.#bytes += BYTES_EACH + 3 * entry.textBytes
  }
}

function textBytesOfRow({ properties, tags, members }: ImageRow): number {
  return Buffer.byteLength(properties) + Buffer.byteLength(tags) + Buffer.byteLength(members)
}
