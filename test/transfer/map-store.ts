import { isDeepStrictEqual } from 'node:util'
import type { PutCounts } from '../../src/catalogue/catalogue.ts'
import type { Image } from '../../src/image/image.ts'

/** The parts of an ImageStore that import and export use, on a Map; it remembers its batches. */
export class MapStore {
  readonly images = new Map<string, Image>()
  readonly batchSizes: number[] = []
  settled = 0

  async putImages(images: readonly Image[]): Promise<PutCounts> {
    const counts = { created: 0, replaced: 0, unchanged: 0 }
    this.batchSizes.push(images.length)
    for (const image of images) {
      const old = this.images.get(image.id)
      if (old === undefined) counts.created += 1
      else if (isDeepStrictEqual(old, image)) counts.unchanged += 1
      else counts.replaced += 1
      this.images.set(image.id, image)
    }
    return counts
  }

  async settle(): Promise<void> {
    this.settled += 1
  }

  async *exportImages(): AsyncGenerator<readonly Image[], void> {
    const images = [...this.images.values()]
    for (let at = 0; at < images.length; at += 2) yield images.slice(at, at + 2)
  }

  names(): (string | null)[] {
    return [...this.images.values()].map((image) => image.name)
  }
}
