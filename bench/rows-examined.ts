import { join } from 'node:path'
import {
  openSqliteCatalogue,
  type SqliteCatalogue,
} from '../src/catalogue/sqlite/sqlite-catalogue.ts'
import type { Position } from '../src/image/order.ts'
import type { ImageQuery } from '../src/image/query.ts'
import { parseTime } from '../src/image/time.ts'
import type { Viewer } from '../src/image/visibility.ts'
import { DATABASE_FILE } from '../src/server/serve.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import { countRows, RecordingDatabase } from './count-rows.ts'
import { benchDocument } from './documents.ts'
import type { Filter } from './filters.ts'
import { spreadOf } from './statistics.ts'
import { ADMIN, type BenchViewer } from './viewers.ts'

/** What the compute face asks for with limit=25: one more tells whether there is a next page. */
export const PAGE_IMAGES = 26
const TIMED_RUNS = 3

/** The cost of one page, for one filter, viewer and size. */
export interface Examined {
  readonly filter: string
  readonly isEquality: boolean
  readonly viewer: string
  readonly size: number
  /** Images on the page. */
  readonly images: number
  /** See count-rows.ts. */
  readonly rows: number
  readonly medianMs: number
}

/**
 * Counts at every size, twice: the first page, and the one from the middle of the list on. The
 * greater count is reported. The time includes reading the images.
 */
export async function examine(
  { name, isEquality, query }: Filter,
  viewer: BenchViewer,
  built: readonly BuiltCatalogue[],
): Promise<readonly Examined[]> {
  const all: Examined[] = []
  for (const { size, data } of built) {
    using database = new RecordingDatabase(join(data, DATABASE_FILE))
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
  readonly database: RecordingDatabase
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
  page.database.statements.length = 0
  await listed(catalogue, page)
  return { images, rows: countRows(page.database), medianMs: spreadOf(times).median }
}

async function listed(catalogue: SqliteCatalogue, page: Page): Promise<number> {
  const { viewer, query, after } = page
  let images = 0
  const window = { limit: PAGE_IMAGES, ...(after === undefined ? {} : { after }) }
  for await (const batch of catalogue.list(viewer, query, window)) images += batch.length
  return images
}
