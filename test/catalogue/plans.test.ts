import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  openSqliteCatalogue,
  type SqliteCatalogue,
} from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { ADMIN, imageOf, memberOf, OTHER, OWNER, UNSCOPED } from './images.ts'

const IMAGES = 1000
const PAGE_IMAGES = 25

let database: Database
let catalogue: SqliteCatalogue

before(async () => {
  database = new Database(':memory:')
  catalogue = openSqliteCatalogue(database)
  await catalogue.putImages(Array.from({ length: IMAGES }, (_, n) => spread(n)))
})
after(() => database.close())

/**
 * A hard list: the oldest tenth is public and matches the filters; the newer images match too, but
 * few viewers see them; a few of each kind are shared.
 */
function spread(n: number) {
  const isOld = n < IMAGES / 10
  return imageOf(n, {
    name: n % 2 === 0 ? 'common' : `image-${n}`,
    owner: n % 3 === 0 ? 'own' : 'nobody',
    visibility: isOld ? 'public' : n % 10 === 0 ? 'shared' : n % 10 === 1 ? 'community' : 'private',
    status: n % 7 === 0 ? 'queued' : n % 7 === 1 ? 'saving' : 'active',
    minRamMib: n % 2 === 0 ? 512 : 0,
    minDiskGib: n % 50 === 0 ? 10 : 0,
    properties: new Map([['os_type', n % 5 === 0 ? 'windows' : 'linux']]),
    members: n % 20 === 0 ? [memberOf('other', 'accepted')] : [],
  })
}

const EQUALITY: Readonly<Record<string, ImageQuery>> = {
  'no filter': {},
  name: { name: 'common' },
  'name, one image': { name: 'image-51' },
  'name, no image': { name: 'none' },
  status: { statuses: ['active'] },
  'two statuses': { statuses: ['queued', 'saving'] },
  minRam: { minRamMib: 512 },
  minDisk: { minDiskGib: 10 },
  property: { properties: new Map([['os_type', 'linux']]) },
  'rare property': { properties: new Map([['os_type', 'windows']]) },
}

const VIEWERS: Readonly<Record<string, Viewer>> = {
  owner: OWNER,
  member: OTHER,
  stranger: { project: 'stranger', isAdmin: false },
  unscoped: UNSCOPED,
  admin: ADMIN,
  'admin of the owning project': { project: 'own', isAdmin: true },
}

function explained(viewer: Viewer, query: ImageQuery, from?: number): readonly string[] {
  const at = from === undefined ? undefined : imageOf(from)
  const { sql, values } = catalogue.plan(viewer, query, at, PAGE_IMAGES)
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
  return rows.map((row) => String(row['detail']))
}

/**
 * `M` is a MATCH, `>` a seek by rowid. The query planner says SCAN of any virtual table, also of one
 * that it reads by an index of its own.
 */
const BY_POSTINGS = [
  /^SCAN postings VIRTUAL TABLE INDEX \d+:M\d+>$/,
  /^SEARCH i USING INDEX sqlite_autoindex_images_\d \(place=\?\)$/,
]

test('every equality filter is read from the index in order, whoever looks', () => {
  for (const [who, viewer] of Object.entries(VIEWERS)) {
    for (const [filter, query] of Object.entries(EQUALITY)) {
      for (const from of [undefined, 500]) {
        const details = explained(viewer, query, from)
        const as = `${who}, ${filter}: ${details.join('; ')}`
        assert.equal(details.length, BY_POSTINGS.length, as)
        for (const [i, line] of BY_POSTINGS.entries()) assert.match(details[i] ?? '', line, as)
      }
    }
  }
})

test('few updates are found by time, and only they are sorted', () => {
  const details = explained(OWNER, { changesSince: imageOf(IMAGES - 5).updatedAt, name: 'common' })
  assert.match(details[0] ?? '', /^SEARCH i USING INDEX images_by_update \(updated_at>\?\)/)
  assert.ok(
    details.every((line) => !line.startsWith('SCAN i')),
    details.join('; '),
  )
})

test('recent updates are found by themselves, in the first entries of the list, or by their terms', () => {
  const planLimits = { recentImagesMax: 10, probedEntries: 20 }
  const other = openSqliteCatalogue(database, { planLimits })
  const way = (changesSince: number, from?: number) => {
    const after = from === undefined ? undefined : imageOf(from)
    const { sql, values } = other.plan(ADMIN, { changesSince }, after, 5)
    if (sql.includes('images_by_update')) return 'by themselves'
    return /\bpu/.test(String(values[0])) ? 'terms' : 'rows'
  }
  const newestTwenty = imageOf(IMAGES - 20).updatedAt
  assert.equal(way(imageOf(IMAGES - 10).updatedAt), 'by themselves', 'there are few')
  assert.equal(way(newestTwenty), 'rows', 'the first entries are a page')
  assert.equal(way(newestTwenty, 500), 'terms', 'the list goes on without any')
  assert.equal(way(newestTwenty, 5), 'rows', 'the list ends soon')
  assert.equal(way(0, 500), 'rows', 'all images are')
})

test('every time can be asked for, however the recent updates are spread', async () => {
  const planLimits = { recentImagesMax: 1, probedEntries: 7 }
  const other = openSqliteCatalogue(database, { planLimits })
  for (let n = 0; n < IMAGES; n += 1) {
    const query = { changesSince: imageOf(n).updatedAt, statuses: ['queued'] as const }
    const [page = []] = await Array.fromAsync(other.list(ADMIN, query, { limit: 5 }))
    const [whole = []] = await Array.fromAsync(catalogue.list(ADMIN, query, { limit: 5 }))
    assert.deepEqual(page, whole)
  }
})

test('no read of the catalogue goes through a whole table', () => {
  const reads = {
    count: 'SELECT 1 FROM images WHERE updated_at >= ? LIMIT 1',
    byId: 'SELECT name FROM images WHERE id = ?',
    byNumber: 'SELECT name FROM images WHERE n = ?',
    export: 'SELECT name FROM images WHERE place < ? ORDER BY place DESC LIMIT 9',
    audience: 'SELECT n FROM audiences WHERE project = ?',
  }
  for (const [read, sql] of Object.entries(reads)) {
    const details = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    const text = details.map((row) => String(row['detail'])).join('; ')
    assert.match(text, /^SEARCH [^;]*$/, `${read}: ${text}`)
  }
})

test('a page examines as many index entries as it holds images, whoever looks', () => {
  let most = 0
  for (const [who, viewer] of Object.entries(VIEWERS)) {
    for (const [filter, query] of Object.entries(EQUALITY)) {
      const entries = entriesExamined(viewer, query)
      assert.ok(entries <= PAGE_IMAGES, `${who}, ${filter}: ${entries}`)
      most = Math.max(most, entries)
    }
  }
  assert.equal(most, PAGE_IMAGES)
})

/**
 * The index is asked for each of the plan's words alone: its entries from the start of the page to
 * its last image, or to the end of the list if the page is not full. A merge of the words can visit
 * no others.
 */
function entriesExamined(viewer: Viewer, query: ImageQuery): number {
  const { sql, values } = catalogue.plan(viewer, query, undefined, PAGE_IMAGES)
  const [match, from] = values
  const page = database.prepare(sql).all(...values)
  const last = page.length < PAGE_IMAGES ? undefined : page.at(-1)?.['n']
  const place = database.prepare('SELECT place FROM images WHERE n = ?').get(last ?? null)
  const to = Number(place?.['place'] ?? Number.MAX_SAFE_INTEGER)
  const words = new Set(String(match).match(/[a-z][0-9a-z]*/g))
  const count = database.prepare(
    `SELECT count(*) AS entries FROM postings WHERE postings MATCH ?
       AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)`,
  )
  return [...words].reduce(
    (sum, word) => sum + Number(count.get(word, from ?? 0, to)?.['entries']),
    0,
  )
}
