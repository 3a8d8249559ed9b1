import type { Image, PropertyValue } from '../image/image.ts'
import type { Position } from '../image/order.ts'
import type { ImageQuery } from '../image/query.ts'
import type { Viewer } from '../image/visibility.ts'

/** Which part of a list to read. */
export interface ListWindow {
  /** At most this many images; Infinity for all. */
  readonly limit: number
  /** Only what comes after this place in list order. */
  readonly after?: Position
}

/** A change of free properties: `remove` first, then `set`. */
export interface PropertyChange {
  /** 'all' removes every free property that `set` does not name. */
  readonly remove: ReadonlySet<string> | 'all'
  readonly set: ReadonlyMap<string, PropertyValue>
  /** Refuse ('property.limit_exceeded') if more free properties than this would be left. */
  readonly propertiesMax: number
}

/** How old what was read is, where it was not read just now. */
export interface Freshness {
  readonly ageMs: number
  /** Older than it should be, and given because whoever holds the images cannot be asked. */
  readonly isStale: boolean
}

/** A list in batches. `freshness` can be asked once the first batch was read; none: read just now. */
export interface ImageList extends AsyncIterable<readonly Image[]> {
  readonly freshness?: () => Freshness | undefined
}

/** Who asks, for a catalogue that stands elsewhere and asks on in the caller's name. */
export interface Asker {
  /** Never logged, never kept in the clear. */
  readonly token: string
  readonly userId: string
  /** null for an unscoped token, and where nobody here knows the token's project. */
  readonly projectId: string | null
  /** Role names, sorted. */
  readonly roles: readonly string[]
  /** What the request is called in every service's log. */
  readonly requestId: string
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

/** The catalogue as one request meets it. An embedded one is the same for everybody. */
export type CatalogueFor = (asker: Asker) => Catalogue

/**
 * The port between faces and whatever holds the images. Every read takes the viewer: what they may
 * not see does not exist for them. All methods may throw CatalogueFault.
 */
export interface Catalogue {
  /**
   * The viewer's images that match, in list order (see `compareInList`), in batches. An image that
   * is there throughout appears exactly once, whatever is written meanwhile. Nothing is held open
   * between two batches, so a reader may take as long as it likes, or stop.
   */
  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList

  /** One image by id. @throws CatalogueFault 'image.not_found' also for what the viewer may not see. */
  get(viewer: Viewer, id: string): Promise<Image>

  /**
   * Changes free properties, atomically, and moves `updatedAt`; visibility stays what it was.
   * @throws CatalogueFault 'image.not_found', 'image.not_writable', 'property.limit_exceeded',
   *   'property.unstorable', 'catalogue.busy'
   */
  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image>

  /** @throws CatalogueFault 'image.not_found', 'image.not_writable', 'image.protected', 'catalogue.busy' */
  delete(viewer: Viewer, id: string): Promise<void>

  /**
   * A value that changes with every write, whoever made it; what was read at one version is still
   * true while the version is the same. undefined where the store cannot tell (then cache nothing).
   */
  version(): number | string | undefined
}

/** What a catalogue that holds its own images can do besides: be filled and be emptied out. */
export interface ImageStore extends Catalogue {
  /**
   * Stores images as they are, in one transaction: an image whose id is there is replaced, with its
   * members. @returns how many were new, changed, and already there exactly so (not written).
   */
  putImages(images: readonly Image[]): Promise<PutCounts>

  /** To be called after many writes: puts what they left behind in order, so that lists stay fast. */
  settle(): Promise<void>

  /** Every image, hidden ones included, oldest first, in batches; nothing is held open between them. */
  exportImages(): AsyncIterable<readonly Image[]>
}

export interface PutCounts {
  readonly created: number
  readonly replaced: number
  readonly unchanged: number
}
