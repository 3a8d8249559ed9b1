import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, DatabaseBusy } from '../../database/database.ts'
import type { Image } from '../../image/image.ts'
import { type Position, positionOf } from '../../image/order.ts'
import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { ImageStore, ListWindow, PropertyChange, PutCounts } from '../catalogue.ts'
import { CatalogueFault } from '../faults.ts'
import { changedImage } from '../property-change.ts'
import { deletableImage, visibleImage, writableImage } from '../rights.ts'
import { isSameImage } from '../same-image.ts'
import { Audiences } from './audiences.ts'
import { choosePlan, PLAN_LIMITS, type PlanLimits } from './choose-plan.ts'
import { type ImageRow, idBytes, imageOfRow, SELECT_IMAGE } from './image-rows.ts'
import { BY_ID, ImageWriter } from './image-writer.ts'
import { FIRST_PLACE, LAST_PLACE, placeAfter } from './places.ts'
import { RememberedImages } from './remembered-images.ts'
import type { Plan } from './search.ts'
import { asksForStorableText } from './terms.ts'

/** Images read in one go; between two goes other work has its turn. */
const PAGE_IMAGES = 250

const EXPORT_PAGE = `${SELECT_IMAGE} WHERE place < ? ORDER BY place DESC LIMIT ?`
const BY_N = `${SELECT_IMAGE} WHERE n = ?`

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
}

/** The embedded catalogue, in a database that stays the caller's to close. */
export function openSqliteCatalogue(
  database: Database,
  options: SqliteCatalogueOptions = {},
): SqliteCatalogue {
  return new SqliteCatalogue(database, {
    now: options.now ?? (() => Math.floor(Date.now() / 1000)),
    planLimits: options.planLimits ?? PLAN_LIMITS,
  })
}

export class SqliteCatalogue implements ImageStore {
  readonly #database: Database
  readonly #now: () => number
  readonly #planLimits: PlanLimits
  readonly #audiences: Audiences
  readonly #images = new RememberedImages()
  readonly #imageOf = (row: ImageRow) => this.#images.ofRow(row)

  constructor(database: Database, options: Required<SqliteCatalogueOptions>) {
    this.#database = database
    this.#now = options.now
    this.#planLimits = options.planLimits
    this.#audiences = new Audiences(database)
  }

  async *list(
    viewer: Viewer,
    query: ImageQuery,
    window: ListWindow,
  ): AsyncIterable<readonly Image[]> {
    if (isEmptyQuery(query) || !asksForStorableText(query)) return
    let { limit: left, after } = window
    while (left > 0) {
      const wanted = Math.min(left, PAGE_IMAGES)
      const page = this.#page(viewer, query, after, wanted)
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      if (page.length < wanted) return
      left -= page.length
      after = positionOf(last)
    }
  }

  async get(viewer: Viewer, id: string): Promise<Image> {
    const bytes = idBytes(id)
    const row = bytes && (this.#database.prepare(BY_ID).get(bytes) as ImageRow | undefined)
    return visibleImage(row && this.#imageOf(row), viewer)
  }

  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#imageOf)
      const changed = changedImage(writableImage(old?.image, viewer), change, this.#now())
      writer.put(changed, old)
      return Object.freeze(changed)
    })
  }

  delete(viewer: Viewer, id: string): Promise<void> {
    return this.#write((writer) => {
      const old = writer.find(id, this.#imageOf)
      deletableImage(old?.image, viewer)
      if (old !== undefined) writer.remove(old)
    })
  }

  version(): string {
    return this.#database.versionOfTurn()
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
   * Each write of many leaves a segment of the inverted index behind, and each word asked for is
   * looked up in every segment: this joins them all into one, in short transactions.
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
        .all(before, PAGE_IMAGES) as unknown as ImageRow[]
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map(imageOfRow)
      before = last.place
    }
  }

  /** How a page of a list is read: for those who want to see the plan explained. */
  plan(viewer: Viewer, query: ImageQuery, after: Position | undefined, limit: number): Plan {
    const id = after && idBytes(after.id)
    const page = {
      audiences: this.#audiences.ofViewer(viewer),
      fromPlace:
        after === undefined || id === undefined
          ? FIRST_PLACE
          : placeAfter(this.#database, { createdAt: after.createdAt, id }),
      limit,
    }
    return choosePlan(this.#database, query, page, this.#planLimits)
  }

  #page(
    viewer: Viewer,
    query: ImageQuery,
    after: Position | undefined,
    limit: number,
  ): readonly Image[] {
    return this.#database.read(() => {
      const { sql, values } = this.plan(viewer, query, after, limit)
      const found = this.#database.prepare(sql).all(...values) as { n: number; revision: number }[]
      return found.map(({ n, revision }) => {
        const known = this.#images.find(n, revision)
        if (known !== undefined) return known
        return this.#imageOf(this.#database.prepare(BY_N).get(n) as unknown as ImageRow)
      })
    })
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
      if (!(error instanceof DatabaseBusy)) throw error
      throw new CatalogueFault('catalogue.busy', 'The catalogue is busy. Try again.', error.message)
    }
  }
}
