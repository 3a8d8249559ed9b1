import type { Image } from '../../image/image.ts'
import { compareInList, positionOf } from '../../image/order.ts'
import { type ImageQuery, matches } from '../../image/query.ts'
import { isListed, type Viewer } from '../../image/visibility.ts'
import type { ImageStore, ListWindow, PropertyChange, PutCounts } from '../catalogue.ts'
import { changedImage } from '../property-change.ts'
import { deletableImage, visibleImage, writableImage } from '../rights.ts'
import { isSameImage } from '../same-image.ts'

const BATCH_IMAGES = 100

/**
 * A catalogue that holds its images in a plain array and looks at each of them every time: slow,
 * and plainly right. It is what the other catalogues are compared with.
 * @param now the clock, in Unix seconds
 */
export class MemoryCatalogue implements ImageStore {
  #images: readonly Image[] = []
  #writes = 0
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  async *list(
    viewer: Viewer,
    query: ImageQuery,
    window: ListWindow,
  ): AsyncIterable<readonly Image[]> {
    const { after } = window
    const listed = this.#images
      .filter((image) => isListed(image, viewer) && matches(image, query))
      .filter((image) => after === undefined || compareInList(image, after) > 0)
      .sort((a, b) => compareInList(positionOf(a), positionOf(b)))
      .slice(0, window.limit)
    for (let start = 0; start < listed.length; start += BATCH_IMAGES) {
      yield listed.slice(start, start + BATCH_IMAGES)
    }
  }

  async get(viewer: Viewer, id: string): Promise<Image> {
    return visibleImage(this.#find(id), viewer)
  }

  async changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    const image = writableImage(this.#find(id), viewer)
    const changed = changedImage(image, change, this.#now())
    this.#replace(id, changed)
    return changed
  }

  async delete(viewer: Viewer, id: string): Promise<void> {
    deletableImage(this.#find(id), viewer)
    this.#replace(id)
  }

  version(): number {
    return this.#writes
  }

  async putImages(images: readonly Image[]): Promise<PutCounts> {
    const counts = { created: 0, replaced: 0, unchanged: 0 }
    for (const image of images) {
      const old = this.#find(image.id)
      if (old !== undefined && isSameImage(old, image)) {
        counts.unchanged += 1
      } else {
        counts[old === undefined ? 'created' : 'replaced'] += 1
        this.#replace(image.id, image)
      }
    }
    return counts
  }

  async settle(): Promise<void> {
    // A plain array is always in order.
  }

  async *exportImages(): AsyncIterable<readonly Image[]> {
    const all = this.#images.toSorted((a, b) => compareInList(b, a))
    for (let start = 0; start < all.length; start += BATCH_IMAGES) {
      yield all.slice(start, start + BATCH_IMAGES)
    }
  }

  #find(id: string): Image | undefined {
    return this.#images.find((image) => image.id === id)
  }

  #replace(id: string, ...by: readonly Image[]): void {
    this.#images = [...this.#images.filter((image) => image.id !== id), ...by]
    this.#writes += 1
  }
}
