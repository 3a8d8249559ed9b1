import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import type { Image } from '../../src/image/image.ts'
import { makeImage, mapCatalogue } from './stand.ts'

const BATCH = 500

/** How much of a list of generated images was read, and whether it has ended. */
export interface Tap {
  /** Images made so far, over all lists. */
  made: number
  /** Lists begun. */
  begun: number
  /** Lists read to the end, or given up properly. */
  ended: number
}

/** A catalogue whose list makes its images as it is read, and may fail on the way. */
export function generatedCatalogue(
  total: number,
  tap: Tap,
  failAt = Number.POSITIVE_INFINITY,
  make: (index: number) => Image = makeImage,
): Catalogue {
  return {
    ...mapCatalogue(),
    async *list() {
      tap.begun += 1
      try {
        for (let from = 0; from < total; from += BATCH) {
          if (from >= failAt) throw new Error('SECRET: the disk at /var/secret is on fire')
          await new Promise(setImmediate)
          yield Array.from({ length: Math.min(BATCH, total - from) }, (_, i) => make(from + i))
          tap.made += BATCH
        }
      } finally {
        tap.ended += 1
      }
    },
    version: () => undefined,
  }
}
