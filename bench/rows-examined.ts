import { join } from 'node:path'
import { LAST_PLACE } from '../src/catalogue/sqlite/places.ts'
import {
  openSqliteCatalogue,
  type SqliteCatalogue,
} from '../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../src/database/database.ts'
import type { Position } from '../src/image/order.ts'
import type { ImageQuery } from '../src/image/query.ts'
import { parseTime } from '../src/image/time.ts'
import type { Viewer } from '../src/image/visibility.ts'
import { DATABASE_FILE } from '../src/server/serve.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import { benchDocument } from './documents.ts'
import type { Filter } from './filters.ts'
import { spreadOf } from './statistics.ts'
import { ADMIN, type BenchViewer } from './viewers.ts'

/** What the compute face asks for with limit=25: one more tells whether there is a next page. */
export const PAGE_IMAGES = 26
const TIMED_RUNS = 3

/** What one page cost, for one filter, viewer and size. */
export interface Examined {
  readonly filter: string
  readonly isEquality: boolean
  readonly viewer: string
  readonly size: number
  /** Images on the page. */
  readonly images: number
  /** See `countRows`. */
  readonly rows: number
  readonly medianMs: number
}

/**
 * Counts at every size, twice: the first page, and the one from the middle of the list on. The one
 * with more rows is told. Its time includes reading the images.
 */
export async function examine(
  { name, isEquality, query }: Filter,
  viewer: BenchViewer,
  built: readonly BuiltCatalogue[],
): Promise<readonly Examined[]> {
  const all: Examined[] = []
  for (const { size, data } of built) {
    using database = new Database(join(data, DATABASE_FILE))
    const page = { database, viewer: viewerOf(viewer), query: query(size) }
    const first = await examinePage({ ...page, after: undefined })
    const later = await examinePage({ ...page, after: middleOf(size) })
    const worse = later.rows > first.rows ? later : first
    all.push({ filter: name, isEquality, viewer: viewer.name, size, ...worse })
  }
  return all
}

function viewerOf(viewer: BenchViewer): Viewer {
  return { project: viewer.project, isAdmin: viewer === ADMIN }
}

function middleOf(size: number): Position {
  const { id, created_at } = benchDocument(Math.floor(size / 2), size)
  return { id: String(id), createdAt: parseTime(String(created_at)) ?? Number.NaN }
}

interface Page {
  readonly database: Database
  readonly viewer: Viewer
  readonly query: ImageQuery
  readonly after: Position | undefined
}

async function examinePage(page: Page): Promise<Pick<Examined, 'images' | 'rows' | 'medianMs'>> {
  const catalogue = openSqliteCatalogue(page.database)
  const times: number[] = []
  let images = 0
  for (let run = 0; run < TIMED_RUNS; run += 1) {
    const startMs = performance.now()
    images = await listed(catalogue, page)
    times.push(performance.now() - startMs)
  }
  return { images, rows: countRows(catalogue, page), medianMs: spreadOf(times).median }
}

async function listed(catalogue: SqliteCatalogue, page: Page): Promise<number> {
  const { viewer, query, after } = page
  let images = 0
  const window = { limit: PAGE_IMAGES, ...(after === undefined ? {} : { after }) }
  for await (const batch of catalogue.list(viewer, query, window)) images += batch.length
  return images
}

/**
 * The rows that a page's plan goes through. SQLite tells nobody, so they are counted from outside,
 * and not too few: with the inverted index, for every word of the plan the entries between where the
 * page starts and its last image (without a full page: the list's end), whether or not the merge
 * skips some of them; with the index by update, the entries counted first to choose that plan and
 * each row from the time asked for on. The images of the page, read by their number, are not counted.
 */
function countRows(catalogue: SqliteCatalogue, { database, viewer, query, after }: Page): number {
  const { sql, values } = catalogue.plan(viewer, query, after, PAGE_IMAGES)
  const number = (text: string, ...bound: (string | number)[]) =>
    Number(Object.values(database.prepare(text).get(...bound) ?? {})[0])
  const recent = () =>
    number('SELECT count(*) FROM images WHERE updated_at >= ?', query.changesSince ?? Number.NaN)
  if (!sql.includes('MATCH')) return 2 * recent()
  const [match = '', fromPlace = Number.NaN] = values
  const found = database.prepare(sql).all(...values) as { n: number }[]
  const last = found.length < PAGE_IMAGES ? undefined : found.at(-1)?.n
  const toPlace =
    last === undefined ? LAST_PLACE : number('SELECT place FROM images WHERE n = ?', last)
  const words = new Set(String(match).match(/[a-z][0-9a-z]*/g))
  let rows = 0
  for (const word of words) {
    rows += number(
      `SELECT count(*) FROM postings WHERE postings MATCH ?
         AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)`,
      word,
      fromPlace,
      toPlace,
    )
  }
  return query.changesSince === undefined ? rows : rows + Math.min(recent(), COUNTED_FIRST_MAX)
}

/** Entries that are counted to see whether they are few, at most. */
const COUNTED_FIRST_MAX = 2001
