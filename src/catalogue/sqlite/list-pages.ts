import type { Database } from '../../database/database.ts'
import type { Image } from '../../image/image.ts'
import type { Position } from '../../image/order.ts'
import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { ListWindow } from '../catalogue.ts'
import { markerImage } from '../managed-images.ts'
import { AudienceChanges } from './audience-changes.ts'
import type { Audiences } from './audiences.ts'
import { choosePlan, type PlanLimits } from './choose-plan.ts'
import { idBytes } from './image-rows.ts'
import { type ListedRow, ListRuns, rowsAhead, rowsAt, type Spot } from './list-runs.ts'
import { FIRST_PLACE, placeAfter } from './places.ts'
import type { Plan } from './search.ts'
import type { StoredImages } from './stored-images.ts'
import { asksForStorableText } from './terms.ts'

/** Images of a long list read in one go; between two goes other work has its turn. */
export const BATCH_IMAGES = 100

/** Of the texts of such images: a slow reader holds what is printed of them. */
const BATCH_BYTES_MAX = 128 * 1024

/** A list that is read in one go, for the answer's one body. */
const PAGE_IMAGES_MAX = 1001
const PAGE_BYTES_MAX = 512 * 1024

/** A page of a list, and whether the list ends with it. */
export interface ListPage {
  readonly images: readonly Image[]
  readonly isLast: boolean
}

/** Reads lists page by page. */
export class ListPages {
  readonly #database: Database
  readonly #audiences: Audiences
  readonly #images: StoredImages
  readonly #planLimits: PlanLimits
  readonly #changes: AudienceChanges
  readonly #runs = new ListRuns()

  constructor(
    database: Database,
    audiences: Audiences,
    images: StoredImages,
    planLimits: PlanLimits,
  ) {
    this.#database = database
    this.#audiences = audiences
    this.#images = images
    this.#planLimits = planLimits
    this.#changes = new AudienceChanges(database)
  }

  /** Changes with every write that may change what a list of the viewer shows. */
  version(viewer: Viewer): number {
    return this.#changes.lastOf(this.#audiences.ofViewer(viewer), this.#database.versionOfTurn())
  }

  /** How a page is read. */
  plan(viewer: Viewer, query: ImageQuery, after: Position | undefined, limit: number): Plan {
    const id = after && idBytes(after.id)
    const fromPlace =
      after === undefined || id === undefined
        ? FIRST_PLACE
        : placeAfter(this.#database, { createdAt: after.createdAt, id })
    return this.#planFrom(this.#audiences.ofViewer(viewer), query, fromPlace, limit)
  }

  /** A batch of a list, by a search of its own. @param isPassing see `ListWindow` */
  after(
    viewer: Viewer,
    query: ImageQuery,
    after: Position | undefined,
    { limit, isPassing }: { readonly limit: number; readonly isPassing: boolean },
  ): ListPage {
    return this.#database.read(() => {
      const found = this.#find(this.plan(viewer, query, after, limit))
      const images = this.#images.read(found, { bytesMax: BATCH_BYTES_MAX, isPassing })
      return { images, isLast: found.length < limit && images.length === found.length }
    })
  }

  /**
   * A short page, whole. @returns undefined if it is too long for one go
   * @throws CatalogueFault 'marker.not_found'
   */
  atOnce(
    viewer: Viewer,
    query: ImageQuery,
    { limit, marker }: Pick<ListWindow, 'limit' | 'marker'>,
  ): readonly Image[] | undefined {
    // A list without a limit may be short all the same.
    const wanted = Math.min(limit, PAGE_IMAGES_MAX + 1)
    if (isEmptyQuery(query) || !asksForStorableText(query)) {
      return marker === undefined ? [] : undefined
    }
    const audiences = this.#audiences.ofViewer(viewer)
    const list = listKey(audiences, query)
    const version = this.#changes.lastOf(audiences, this.#database.versionOfTurn())
    const known = this.#runs.find(list, version, marker)
    const rows = known && rowsAt(known, wanted)
    if (rows !== undefined && isTooLong(rows.length, limit)) return undefined
    const images = rows && this.#images.remembered(rows)
    if (known !== undefined && images !== undefined) return this.#shown(list, known, images)
    return this.#database.read(() => {
      // Within the transaction the version is that of all that is read here.
      const now = this.#changes.lastOf(audiences, this.#database.version())
      const spot = this.#runs.find(list, now, marker) ?? this.#begin(viewer, list, now, marker)
      if (rowsAt(spot, wanted) === undefined) this.#extend(spot, audiences, query, wanted)
      const found = rowsAt(spot, wanted) ?? []
      if (isTooLong(found.length, limit)) return undefined
      const read = this.#images.read(found, { bytesMax: PAGE_BYTES_MAX })
      return read.length < found.length ? undefined : this.#shown(list, spot, read)
    })
  }

  #begin(viewer: Viewer, list: string, version: number, marker: string | undefined): Spot {
    if (marker === undefined) return this.#runs.begin(list, version, marker, FIRST_PLACE)
    const row = this.#images.row(marker)
    markerImage(row && this.#images.ofRow(row), viewer, marker)
    return this.#runs.begin(list, version, marker, (row?.place ?? 0) + 1)
  }

  #extend(spot: Spot, audiences: readonly string[], query: ImageQuery, limit: number): void {
    const count = rowsAhead(spot, limit)
    const found = this.#find(this.#planFrom(audiences, query, spot.run.nextPlace, count))
    this.#runs.extend(spot, found, found.length < count)
  }

  #shown(list: string, spot: Spot, images: readonly Image[]): readonly Image[] {
    this.#runs.shown(list, images, spot)
    return images
  }

  #planFrom(
    audiences: readonly string[],
    query: ImageQuery,
    fromPlace: number,
    limit: number,
  ): Plan {
    return choosePlan(this.#database, query, { audiences, fromPlace, limit }, this.#planLimits)
  }

  #find({ sql, values }: Plan): readonly ListedRow[] {
    return this.#database.prepare(sql).all(...values) as unknown as ListedRow[]
  }
}

/** A list without a limit, of more images than are read in one go. */
function isTooLong(found: number, limit: number): boolean {
  return found > PAGE_IMAGES_MAX && limit > found
}

/** All that a list depends on, but for the page. */
function listKey(audiences: readonly string[], query: ImageQuery): string {
  return JSON.stringify([audiences, { ...query, properties: [...(query.properties ?? [])] }])
}
