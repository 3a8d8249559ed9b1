import type { Image, PropertyValue } from '../image/image.ts'
import type { Position } from '../image/order.ts'
import type { ImageQuery } from '../image/query.ts'
import type { Viewer } from '../image/visibility.ts'
import type { Trace } from '../tracing/trace.ts'

/** Which part of a list to read. */
export interface ListWindow {
  /** At most this many images; Infinity for all. */
  readonly limit: number
  /** Only what comes after this place in list order. */
  readonly after?: Position
  /** Only what comes after the image of this id, instead of `after`. */
  readonly marker?: string
  /** The list is long: its images should not push out of memory what others ask for. */
  readonly isPassing?: boolean
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
  /** Out of date, and given only because the service that holds the images cannot be asked. */
  readonly isStale: boolean
}

/**
 * A list in batches. `freshness` can be asked once the first batch was read; undefined: read just
 * now.
 */
export interface ImageList extends AsyncIterable<readonly Image[]> {
  readonly freshness?: () => Freshness | undefined
}

/** The caller, for a catalogue that asks another service in the caller's name. */
export interface Asker {
  /** Never logged, never kept in the clear. */
  readonly token: string
  readonly userId: string
  /** null for an unscoped token, and where the token's project is not known. */
  readonly projectId: string | null
  /** Role names, sorted. */
  readonly roles: readonly string[]
  /** What the request is called in every service's log. */
  readonly requestId: string
  /** What another service works under. */
  readonly trace?: Trace | undefined
  /** Aborted when the caller has left. */
  readonly signal?: AbortSignal | undefined
}

/** The catalogue for one request. An embedded one is the same for every caller. */
export type CatalogueFor = (asker: Asker) => Catalogue

/**
 * The port between faces and the store of images. Every read takes the viewer: an image that the
 * viewer may not see does not exist for them. All methods may throw CatalogueFault.
 */
export interface Catalogue {
  /**
   * The viewer's images that match, in list order (see `compareInList`), in batches. An image that
   * exists throughout appears exactly once, whatever is written meanwhile. Nothing is held open
   * between two batches, so a reader may be slow, or stop.
   * @throws CatalogueFault with the first batch 'marker.not_found' also for a marker that the viewer
   *   may not see, whether or not an image can match
   */
  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList

  /**
   * What `list` gives, all of it and without a wait, if it is a short page. Only a catalogue that holds
   * its own images has this. @returns undefined if it is not short @throws as `list`
   */
  page?(viewer: Viewer, query: ImageQuery, window: ListWindow): readonly Image[] | undefined

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
   * A value that changes with every write, of any process, that may change a list of the viewer; what
   * was read at one version stays true while the version is the same. undefined: the store cannot
   * tell, so cache nothing.
   */
  version(viewer: Viewer): number | string | undefined
}

/** What a catalogue that holds its own images can do besides: import and export them. */
export interface ImageStore extends Catalogue {
  /**
   * Stores images as they are, in one transaction: an image whose id is there is replaced, with its
   * members. @returns how many were new, changed, and already there exactly so (not written).
   */
  putImages(images: readonly Image[]): Promise<PutCounts>

  /** To be called after many writes: tidies the indexes, so that lists stay fast. */
  settle(): Promise<void>

  /**
   * Every image, hidden ones included, oldest first, in batches; nothing is held open in between.
   */
  exportImages(): AsyncIterable<readonly Image[]>
}

export interface PutCounts {
  readonly created: number
  readonly replaced: number
  readonly unchanged: number
}
