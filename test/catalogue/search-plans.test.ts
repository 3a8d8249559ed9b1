import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundImages } from '../../src/catalogue/sqlite/found-images.ts'
import {
  openSqliteCatalogue,
  type SqliteCatalogue,
} from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { ImageSearch, SortField } from '../../src/image/search.ts'
import { ADMIN, idOf, imageOf, OTHER, OWNER } from './images.ts'

const IMAGES = 400
/** So that few are few among this many. */
const FEW_IMAGES = 20

let database: Database
let catalogue: SqliteCatalogue

before(async () => {
  database = new Database(':memory:')
  catalogue = openSqliteCatalogue(database, { fewImages: FEW_IMAGES })
  await catalogue.putImages(Array.from({ length: IMAGES }, (_, n) => imageOf(n)))
})
after(() => database.close())

function search(fields: Partial<ImageSearch>, by: readonly SortField[] = []): ImageSearch {
  const sort = [...by, 'created_at' as const, 'id' as const]
  return {
    memberStatus: 'accepted',
    isHidden: false,
    sort: sort.map((field) => ({ field, direction: 'desc' })),
    ...fields,
  }
}

/** SQLite's own account of each statement of the plan. */
function explained(asked: ImageSearch, viewer = OWNER, marker?: string) {
  const { source, statements } = catalogue.planSearch(viewer, asked, marker)
  const details = statements.map(({ sql, values }) =>
    database.sqlite
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map((row) => String(row['detail']))
      .join('; '),
  )
  return { source, details }
}

test('in the order of lists the inverted index is read as it stands, nothing is sorted', () => {
  const asked: readonly Partial<ImageSearch>[] = [
    {},
    { names: ['image-1'], statuses: ['active'], tags: ['a'], owner: 'own' },
    { visibility: 'public', isProtected: true },
    { visibility: 'all' },
    { times: [{ field: 'createdAt', operator: 'lt', seconds: 1_700_000_100 }] },
  ]
  for (const fields of asked) {
    for (const marker of [undefined, idOf(200)]) {
      const { source, details } = explained(search(fields), OWNER, marker)
      assert.equal(source, 'postings', JSON.stringify(fields))
      assert.equal(details.length, 1)
      assert.match(details[0] ?? '', /^SCAN postings VIRTUAL TABLE INDEX \d+:M/)
      assert.doesNotMatch(details.join(), /TEMP B-TREE/)
    }
  }
})

test('a time of creation is where reading starts', () => {
  const bound = { field: 'createdAt', operator: 'lte', seconds: 1_700_000_003 } as const
  const { sql, values } = catalogue.planSearch(OWNER, search({ times: [bound] })).statements[0] ?? {
    sql: '',
    values: [],
  }
  const started = sql.replaceAll('+i.created_at <= ?', '? IS NOT NULL')
  assert.notEqual(started, sql)
  assert.equal(database.sqlite.prepare(started).all(...values).length, 4)
})

test('every order of one direction is walked along an index, also from a marker on', () => {
  const indexes = {
    name: 'images_by_name',
    updated_at: 'images_by_update',
    size: 'images_by_size',
    status: 'images_by_status',
    disk_format: 'images_by_disk_format',
    container_format: 'images_by_container_format',
  }
  for (const [field, index] of Object.entries(indexes) as [SortField, string][]) {
    for (const marker of [undefined, idOf(200)]) {
      for (const fields of [{}, { statuses: ['active' as const] }]) {
        const { source, details } = explained(search(fields, [field]), ADMIN, marker)
        assert.equal(source, 'rows')
        for (const detail of details) {
          assert.ok(detail.includes(`INDEX ${index}`), detail)
          assert.doesNotMatch(detail, /TEMP B-TREE/)
        }
      }
    }
  }
})

test('for any other order the rows are gone through by number, some at a time', () => {
  const { statements } = catalogue.planSearch(ADMIN, search({}, ['status', 'name']))
  assert.deepEqual(
    statements.map(({ reads }) => reads),
    ['best of'],
  )
  const { sql = '', values = [] } = statements[0] ?? {}
  const details = database.sqlite
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all('[]', 0, 99, ...values, 25)
    .map((row) => String(row['detail']))
  assert.ok(details.includes('SEARCH i USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'))
})

test('sizes and times of update are found by the inverted index', () => {
  const sizes = [{ field: 'sizeBytes', operator: 'gte', value: 1000 }] as const
  const times = [{ field: 'updatedAt', operator: 'lt', seconds: 1_700_000_100 }] as const
  for (const [fields, letter] of [
    [{ numbers: sizes }, 's'],
    [{ times }, 'u'],
  ] as const) {
    const { source, statements } = catalogue.planSearch(OWNER, search(fields))
    assert.equal(source, 'postings')
    const match = statements[0]?.values.find((value) => String(value).includes(' OR '))
    assert.match(String(match), new RegExp(`\\bp${letter}\\dx\\d`))
  }
})

test('a search that finds nothing can be interrupted all along', () => {
  const asked = search({ checksum: 'of no image' }, ['name'])
  const { statements } = catalogue.planSearch(ADMIN, asked)
  const steps = foundImages(database.sqlite, statements, 25)
  let interruptions = 0
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) interruptions += 1
  assert.deepEqual(step.value, [])
  assert.ok(interruptions >= IMAGES / 64 / 4, `${interruptions}`)
  assert.ok(interruptions <= (IMAGES / 64) * 4, `${interruptions}`)
})

test('few candidates are found by the index and sorted, however many other images there are', () => {
  const named = search({ names: ['image-1', 'image-2'] }, ['size'])
  assert.equal(explained(named).source, 'postings')
  assert.equal(explained(search({}, ['name']), OTHER).source, 'postings')
  const recent = { field: 'updatedAt', operator: 'gte', seconds: 1_700_000_395 } as const
  const { source, details } = explained(search({ times: [recent] }))
  assert.equal(source, 'few')
  assert.match(details[0] ?? '', /^SEARCH i USING INDEX images_by_update \(updated_at>\?\)/)
})

test('hidden images and offers have indexes of their own', () => {
  assert.match(explained(search({ isHidden: true })).details.join(), /INDEX images_hidden/)
  const offers = search({ visibility: 'shared', memberStatus: 'pending' })
  assert.match(explained(offers).details.join(), /INDEX images_shared/)
})

test('what cannot match is not asked for', () => {
  for (const fields of [{ names: [] }, { ids: [] }, { owner: '\ud800' }, { names: ['\ud800'] }]) {
    assert.deepEqual(explained(search(fields)).details, [])
  }
})
