import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Database, DatabaseBusy } from '../../database/database.ts'
import type { Reads } from '../../database/readers.ts'
import { FileTrouble } from '../../file-trouble/file-trouble.ts'
import type { Image } from '../../image/image.ts'
import { type Position, positionOf } from '../../image/order.ts'
import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import type { ImageSearch } from '../../image/search.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { ListWindow, PropertyChange, PutCounts } from '../catalogue.ts'
import { CatalogueFault } from '../faults.ts'
import type { ManagedCatalogue, SearchPage, SearchWindow } from '../managed-catalogue.ts'
import {
  existingImage,
  markerImage,
  newImage,
  PAGE_BYTES_MAX,
  replacement,
} from '../managed-images.ts'
import { changedImage } from '../property-change.ts'
import { deletableImage, visibleImage, writableImage } from '../rights.ts'
import { isSameImage } from '../same-image.ts'
import { Audiences } from './audiences.ts'
import { PLAN_LIMITS, type PlanLimits } from './choose-plan.ts'
import { foundImages } from './found-images.ts'
import { type ImageRow, imageOfRow, SELECT_IMAGE } from './image-rows.ts'
import { FEW_IMAGES, planSearch, type SearchPlan } from './image-search.ts'
import { ImageWriter } from './image-writer.ts'
import { BATCH_IMAGES, ListPages } from './list-pages.ts'
import { LAST_PLACE } from './places.ts'
import { renewPostings } from './renew-postings.ts'
import type { Plan } from './search.ts'
import { storableSearch } from './search-checks.ts'
import { StoredImages } from './stored-images.ts'
import { asksForStorableText } from './terms.ts'

const EXPORT_PAGE = `${SELECT_IMAGE} WHERE place < ? ORDER BY place DESC LIMIT ?`

/** Pages of the inverted index that one transaction of `settle` writes, at least. */
const JOIN_PAGES = 500
/** A negative number tells FTS5 to join all segments, however alike in size. */
const BEGIN_JOINING = -JOIN_PAGES
/** Longer than a waiting writer sleeps between tries. */
const WRITERS_TURN_MS = 5
const JOIN_SEGMENTS = `INSERT INTO postings (postings, rank) VALUES ('merge', ?)`
const COUNT_WRITTEN = 'SELECT total_changes() AS written'

export interface SqliteCatalogueOptions {
  /** The clock, in Unix seconds. */
  readonly now?: () => number
  /** When `changes-since` is answered how; the defaults fit every size. */
  readonly planLimits?: PlanLimits
  /** Up to this many candidates of a search are sorted without comparing plans. */
  readonly fewImages?: number
  /** Told how many images of an older file have been indexed anew, of how many. */
  readonly onRenewing?: (imagesDone: number, images: number) => void
}

/** The embedded catalogue; the caller closes its database. */
export function openSqliteCatalogue(
  database: Database,
  options: SqliteCatalogueOptions = {},
): SqliteCatalogue {
  renewPostings(database, options.onRenewing)
  return new SqliteCatalogue(database, {
    now: options.now ?? (() => Math.floor(Date.now() / 1000)),
    planLimits: options.planLimits ?? PLAN_LIMITS,
    fewImages: options.fewImages ?? FEW_IMAGES,
  })
}

export class SqliteCatalogue implements ManagedCatalogue {
  readonly #database: Database
  readonly #now: () => number
  readonly #fewImages: number
  readonly #audiences: Audiences
  readonly #images: StoredImages
  readonly #pages: ListPages

  constructor(database: Database, options: Required<Omit<SqliteCatalogueOptions, 'onRenewing'>>) {
    this.#database = database
    this.#now = options.now
    this.#fewImages = options.fewImages
    this.#audiences = new Audiences(database)
    this.#images = new StoredImages(database)
    this.#pages = new ListPages(database, this.#audiences, this.#images, options.planLimits)
  }

  async *list(
    viewer: Viewer,
    query: ImageQuery,
    window: ListWindow,
  ): AsyncIterable<readonly Image[]> {
    const { marker, isPassing = false } = window
    let { limit: left, after } = window
    if (marker !== undefined) {
      after = positionOf(markerImage(await this.find(marker), viewer, marker))
    }
    if (isEmptyQuery(query) || !asksForStorableText(query)) return
    const readOn = (): readonly Image[] => {
      const wanted = Math.min(left, BATCH_IMAGES)
      const { images, isLast } = this.#pages.after(viewer, query, after, {
        limit: wanted,
        isPassing,
      })
      const last = images.at(-1)
      left = isLast || last === undefined ? 0 : left - images.length
      after = last && positionOf(last)
      return images
    }
    while (left > 0) {
      yield readOn() // no variable holds these images while a slow reader takes them
      if (left > 0) await nextTurn()
    }
  }

  page(viewer: Viewer, query: ImageQuery, window: ListWindow): readonly Image[] | undefined {
    return window.after === undefined ? this.#pages.atOnce(viewer, query, window) : undefined
  }

  async get(viewer: Viewer, id: string): Promise<Image> {
    return visibleImage(await this.find(id), viewer)
  }

  async find(id: string): Promise<Image | undefined> {
    const row = this.#images.row(id)
    return row && this.#images.ofRow(row)
  }

  search(viewer: Viewer, search: ImageSearch, window: SearchWindow): Promise<SearchPage> {
    return this.#database.readInTurns((reads) => this.#searchPage(reads, viewer, search, window))
  }

  create(image: Image): Promise<Image> {
    return this.#write((writer) => {
      const made = newImage(image, writer.find(image.id, this.#images.ofRow)?.image)
      writer.put(made, undefined)
      return made
    })
  }

  update(id: string, change: (image: Image) => Image): Promise<Image> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#images.ofRow)
      const image = existingImage(old?.image)
      const changed = replacement(image, change(image))
      if (changed !== image) writer.put(changed, old)
      return changed
    })
  }

  remove(id: string, check: (image: Image) => void): Promise<Image> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#images.ofRow)
      const image = existingImage(old?.image)
      check(image)
      if (old !== undefined) writer.remove(old)
      return image
    })
  }

  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#images.ofRow)
      const changed = changedImage(writableImage(old?.image, viewer), change, this.#now())
      writer.put(changed, old)
      return Object.freeze(changed)
    })
  }

  delete(viewer: Viewer, id: string): Promise<void> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#images.ofRow)
      deletableImage(old?.image, viewer)
      if (old !== undefined) writer.remove(old)
    })
  }

  version(viewer: Viewer): number {
    return this.#pages.version(viewer)
  }

  putImages(images: readonly Image[]): Promise<PutCounts> {
    return this.#write((writer) => {
      const counts = { created: 0, replaced: 0, unchanged: 0 }
      for (const image of images) {
        const old = writer.find(image.id, imageOfRow)
        if (old !== undefined && isSameImage(old.image, image)) {
          counts.unchanged += 1
        } else {
          writer.put(image, old)
          counts[old === undefined ? 'created' : 'replaced'] += 1
        }
      }
      return counts
    })
  }

  /**
   * Many writes leave many segments in the inverted index, and a query looks up each word in every
   * segment: this joins them into one, in short transactions.
   */
  async settle(): Promise<void> {
    let step = BEGIN_JOINING
    while ((await this.#write(() => this.#joinSegments(step))) === 'more') {
      step = JOIN_PAGES
      await sleep(WRITERS_TURN_MS)
    }
  }

  async *exportImages(): AsyncIterable<readonly Image[]> {
    let before = LAST_PLACE
    for (;;) {
      const rows = this.#database
        .prepare(EXPORT_PAGE)
        .all(before, BATCH_IMAGES) as unknown as ImageRow[]
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map(imageOfRow)
      before = last.place
    }
  }

  /** How a page of a list is read, for EXPLAIN QUERY PLAN. */
  plan(viewer: Viewer, query: ImageQuery, after: Position | undefined, limit: number): Plan {
    return this.#pages.plan(viewer, query, after, limit)
  }

  /** How a search is read: for those who want to see the plan explained. */
  planSearch(
    viewer: Viewer,
    search: ImageSearch,
    markerId?: string,
    reads: Reads = this.#database,
  ): SearchPlan {
    const row = markerId === undefined ? undefined : this.#images.row(markerId, reads)
    const marker =
      markerId === undefined
        ? undefined
        : {
            image: markerImage(row && this.#images.ofRow(row), viewer, markerId),
            place: row?.place ?? 0,
          }
    const storable = storableSearch(search)
    if (storable === undefined) return { source: 'postings', statements: [] }
    const audiences = this.#audiences.ofSearch(viewer, storable)
    const asked = { viewer, search: storable, audiences, marker }
    return planSearch(reads, asked, this.#fewImages)
  }

  *#searchPage(
    reads: Reads,
    viewer: Viewer,
    search: ImageSearch,
    { limit, marker, bytesMax = PAGE_BYTES_MAX }: SearchWindow,
  ): Generator<undefined, SearchPage> {
    const plan = this.planSearch(viewer, search, marker, reads)
    if (limit === 0) return { images: [], hasMore: false }
    const found = yield* foundImages(reads, plan.statements, limit + 1)
    const images = this.#images.read(found.slice(0, limit), { bytesMax }, reads)
    return { images, hasMore: found.length > images.length }
  }

  /** FTS5 has no more to join when all it wrote is the command itself. */
  #joinSegments(pages: number): 'more' | 'done' {
    const written = () => Number(this.#database.prepare(COUNT_WRITTEN).get()?.['written'])
    const before = written()
    this.#database.prepare(JOIN_SEGMENTS).run(pages)
    return written() - before < 2 ? 'done' : 'more'
  }

  async #write<T>(work: (writer: ImageWriter) => T): Promise<T> {
    try {
      return await this.#database.write(() => {
        const writer = new ImageWriter(this.#database, this.#audiences)
        const result = work(writer)
        writer.finish()
        return result
      })
    } catch (error) {
      this.#audiences.forget()
      if (error instanceof FileTrouble) throw unkeepable(error)
      if (!(error instanceof DatabaseBusy)) throw error
      throw new CatalogueFault('catalogue.busy', 'The catalogue is busy. Try again.', error.message)
    }
  }
}

function unkeepable({ told, message }: FileTrouble): CatalogueFault {
  const text = `The server cannot keep changes at the moment: ${told}. Try again later.`
  return new CatalogueFault('catalogue.unwritable', text, message)
}
