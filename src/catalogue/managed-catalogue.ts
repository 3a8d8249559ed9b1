import type { Image } from '../image/image.ts'
import type { ImageSearch } from '../image/search.ts'
import type { Viewer } from '../image/visibility.ts'
import type { ImageStore } from './catalogue.ts'

/**
 * A catalogue whose images are made and changed here: what the Image service stands on. It knows no
 * rules of rights or states but visibility in `search`; those who call it do. All methods may throw
 * CatalogueFault 'catalogue.busy'.
 */
export interface ManagedCatalogue extends ImageStore {
  /** The image as it stands, whoever asks; undefined when there is none. */
  find(id: string): Promise<Image | undefined>

  /**
   * The images of a search in its own order, at most `limit`, after the image `marker`, which need
   * not match the search; fewer of them where they are large. @throws CatalogueFault 'marker.not_found'
   */
  search(viewer: Viewer, search: ImageSearch, window: SearchWindow): Promise<SearchPage>

  /** @throws CatalogueFault 'image.exists', 'property.unstorable' for what is not well-formed text */
  create(image: Image): Promise<Image>

  /**
   * Puts what `change` makes of the image as it stands in its place, in one transaction; nothing is
   * written when it returns the same object, or throws (the error goes on to the caller).
   * @throws CatalogueFault 'image.not_found', 'property.unstorable'
   */
  update(id: string, change: (image: Image) => Image): Promise<Image>

  /**
   * Removes the image unless `check` throws, and says what it was.
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
  /** An image's id; what the viewer may not see by its id is like one that does not exist. */
  readonly marker?: string
}
