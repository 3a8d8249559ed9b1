import type { Image } from '../image/image.ts'
import type { ImageSearch } from '../image/search.ts'
import type { Viewer } from '../image/visibility.ts'
import type { ImageStore } from './catalogue.ts'

/**
 * A catalogue whose images are made and changed here, for the Image API. It only applies
 * visibility, and only in `search`; its callers apply the rules of rights and states. All methods
 * may throw CatalogueFault 'catalogue.busy'.
 */
export interface ManagedCatalogue extends ImageStore {
  /** The present image, for any caller; undefined if there is none. */
  find(id: string): Promise<Image | undefined>

  /**
   * The images of a search in its own order, at most `limit`, after the image `marker`, which need
   * not match the search; fewer if they are large. @throws CatalogueFault 'marker.not_found'
   */
  search(viewer: Viewer, search: ImageSearch, window: SearchWindow): Promise<SearchPage>

  /** @throws CatalogueFault 'image.exists', 'property.unstorable' for what is not well-formed text */
  create(image: Image): Promise<Image>

  /**
   * Replaces the image by what `change` makes of its current state, in one transaction. Nothing is
   * written if `change` returns the same object or throws (the caller gets the error).
   * @throws CatalogueFault 'image.not_found', 'property.unstorable'
   */
  update(id: string, change: (image: Image) => Image): Promise<Image>

  /**
   * Removes the image unless `check` throws. @returns the removed image.
   * @throws CatalogueFault 'image.not_found'
   */
  remove(id: string, check: (image: Image) => void): Promise<Image>
}

export interface SearchPage {
  readonly images: readonly Image[]
  /** Others match that come after them. Of a limit of 0: never. */
  readonly hasMore: boolean
}

export interface SearchWindow {
  readonly limit: number
  /** An image's id; one that the viewer may not see is treated as missing. */
  readonly marker?: string
  /** A page ends before its images' texts take more; by default `PAGE_BYTES_MAX`. */
  readonly bytesMax?: number
}
