import type { Image } from '../../image/image.ts'
import { compareInList, positionOf } from '../../image/order.ts'
import { type ImageQuery, matches } from '../../image/query.ts'
import type { ImageSearch } from '../../image/search.ts'
import { matchesSearch } from '../../image/search-match.ts'
import { compareInSearch } from '../../image/search-order.ts'
import { isListed, type Viewer } from '../../image/visibility.ts'
import type { ListWindow, PropertyChange, PutCounts } from '../catalogue.ts'
import type { ManagedCatalogue, SearchPage, SearchWindow } from '../managed-catalogue.ts'
import {
  existingImage,
  markerImage,
  newImage,
  PAGE_BYTES_MAX,
  replacement,
  textBytesOf,
} from '../managed-images.ts'
import { changedImage } from '../property-change.ts'
import { deletableImage, visibleImage, writableImage } from '../rights.ts'
import { isSameImage } from '../same-image.ts'

const BATCH_IMAGES = 100

/**
 * A catalogue that keeps its images in a plain array and checks each of them for every query: slow,
 * and obviously correct. The other catalogues are compared with it.
 * @param now the clock, in Unix seconds
 */
export class MemoryCatalogue implements ManagedCatalogue {
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
    const { marker, limit } = window
    const after =
      marker === undefined
        ? window.after
        : positionOf(markerImage(this.#find(marker), viewer, marker))
    const listed = this.#images
      .filter((image) => isListed(image, viewer) && matches(image, query))
      .filter((image) => after === undefined || compareInList(image, after) > 0)
      .sort((a, b) => compareInList(positionOf(a), positionOf(b)))
      .slice(0, limit)
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

  async find(id: string): Promise<Image | undefined> {
    return this.#find(id)
  }

  async search(
    viewer: Viewer,
    search: ImageSearch,
    { limit, marker, bytesMax = PAGE_BYTES_MAX }: SearchWindow,
  ): Promise<SearchPage> {
    const after = marker === undefined ? undefined : markerImage(this.#find(marker), viewer, marker)
    const found = this.#images
      .filter((image) => matchesSearch(image, viewer, search))
      .filter((image) => after === undefined || compareInSearch(image, after, search.sort) > 0)
      .sort((a, b) => compareInSearch(a, b, search.sort))
    let bytes = 0
    const images = found.slice(0, limit).filter((image, at) => {
      bytes += textBytesOf(image)
      return at === 0 || bytes <= bytesMax
    })
    return { images, hasMore: limit > 0 && found.length > images.length }
  }

  async create(image: Image): Promise<Image> {
    const made = newImage(image, this.#find(image.id))
    this.#replace(made.id, made)
    return made
  }

  async update(id: string, change: (image: Image) => Image): Promise<Image> {
    const image = existingImage(this.#find(id))
    const changed = replacement(image, change(image))
    if (changed !== image) this.#replace(id, changed)
    return changed
  }

  async remove(id: string, check: (image: Image) => void): Promise<Image> {
    const image = existingImage(this.#find(id))
    check(image)
    this.#replace(id)
    return image
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
