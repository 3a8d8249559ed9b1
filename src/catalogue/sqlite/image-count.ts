import type { Database } from '../../database/database.ts'
import type { Reads } from '../../database/readers.ts'
import { FIRST_PLACE } from './places.ts'

/** Entries of the index that are counted in one go: about a millisecond. */
const SLICE_IMAGES = 10_000

const COUNT_SLICE = `
  SELECT count(*) AS images, max(place) AS last
  FROM (SELECT place FROM images WHERE place > ? ORDER BY place LIMIT ?)`

/** How many images there are, for metrics: counted in turns with everything else, once for each state. */
export class ImageCount {
  readonly #database: Database
  readonly #sliceImages: number
  #known: { readonly version: string; readonly images: number } | undefined

  constructor(database: Database, sliceImages = SLICE_IMAGES) {
    this.#database = database
    this.#sliceImages = sliceImages
  }

  async images(): Promise<number> {
    const version = this.#database.version()
    if (this.#known?.version === version) return this.#known.images
    const images = await this.#database.readInTurns((reads) => this.#count(reads))
    // What was counted may be newer than the version; then it is counted once more.
    this.#known = { version, images }
    return images
  }

  *#count(reads: Reads): Generator<undefined, number> {
    const slice = reads.prepare(COUNT_SLICE)
    let images = 0
    let after = FIRST_PLACE
    for (;;) {
      const found = slice.get(after, this.#sliceImages)
      const more = Number(found?.['images'])
      images += more
      if (more < this.#sliceImages) return images
      after = Number(found?.['last'])
      yield undefined
    }
  }
}
