import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { ManagedCatalogue } from '../../src/catalogue/managed-catalogue.ts'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { verifyCatalogue } from '../../src/catalogue/sqlite/verify.ts'
import { Database } from '../../src/database/database.ts'
import { type Image, MEMBER_STATUSES, VISIBILITIES } from '../../src/image/image.ts'
import {
  type ImageSearch,
  type NumberBound,
  SORT_FIELDS,
  type SortKey,
  type TimeBound,
} from '../../src/image/search.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import {
  formats,
  images,
  keys,
  names,
  numbers,
  PLAIN,
  seconds,
  sizes,
  statuses,
  tags,
  values,
  viewers,
} from './arbitraries.ts'
import { NOW } from './contract.ts'
import { idOf } from './images.ts'

/** The SQLite catalogue's searches against the naive one's, read on by marker in random orders. */
const CATALOGUES = 80
const SEARCHES_EACH = 40

const odd = fc.constantFrom('\ud800', "'", 'x\0')
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 0, maxLength: 3 })
const direction = fc.constantFrom('asc', 'desc')
const numberBounds: fc.Arbitrary<NumberBound> = fc.record({
  field: fc.constantFrom('sizeBytes', 'virtualSizeBytes', 'minRamMib', 'minDiskGib'),
  operator: fc.constantFrom('eq', 'gte', 'lte'),
  value: fc.oneof(sizes, numbers, fc.constant(Number.NaN)),
})
const timeBounds: fc.Arbitrary<TimeBound> = fc.record({
  field: fc.constantFrom('createdAt', 'updatedAt'),
  operator: fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte'),
  seconds: fc.oneof(seconds, fc.constantFrom(1, 1022, NOW + 1)),
})
const sorts: fc.Arbitrary<readonly SortKey[]> = fc.oneof(
  fc.constant([]),
  fc
    .array(fc.record({ field: fc.constantFrom(...SORT_FIELDS), direction }), { maxLength: 2 })
    .chain((sort) =>
      direction.map((way) => [...sort, { field: 'created_at' as const, direction: way }]),
    ),
  fc.array(fc.record({ field: fc.constantFrom(...SORT_FIELDS), direction }), { maxLength: 3 }),
)
const orders = fc
  .tuple(sorts, direction)
  .map(([sort, way]): readonly SortKey[] => [...sort, { field: 'id', direction: way }])

const FILTERS = {
  ids: some(fc.oneof(fc.integer({ min: 0, max: 41 }).map(idOf), odd)),
  names: some(fc.oneof(names, odd)),
  statuses: some(statuses()),
  diskFormats: some(fc.oneof(formats, odd)),
  containerFormats: some(formats),
  owner: fc.oneof(fc.constantFrom('a', 'b', 'c', 'stranger'), odd),
  tags: some(fc.oneof(tags, odd)),
  isProtected: fc.boolean(),
  checksum: fc.oneof(fc.constantFrom('c1', 'c2'), odd),
  hashValue: fc.constantFrom('h1', 'h3'),
  numbers: some(numberBounds),
  times: some(timeBounds),
  properties: fc
    .array(fc.tuple(fc.oneof(keys, odd), fc.oneof(values, odd)), { maxLength: 2 })
    .map((pairs) => new Map(pairs)),
} as const
const FILTER_NAMES = Object.keys(FILTERS) as (keyof typeof FILTERS)[]

/** One or two filters at a time: more of them find nothing. */
const filters = fc
  .subarray(FILTER_NAMES, { maxLength: 2 })
  .chain((asked) =>
    fc.record(Object.fromEntries(asked.map((name) => [name, FILTERS[name]])), PLAIN),
  )
const asked: fc.Arbitrary<ImageSearch> = fc
  .tuple(
    filters,
    fc.option(fc.constantFrom(...VISIBILITIES, 'all' as const), { nil: undefined, freq: 2 }),
    fc.constantFrom(...MEMBER_STATUSES, 'accepted' as const, 'all' as const),
    fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    orders,
  )
  .map(([rest, visibility, memberStatus, isHidden, sort]) => ({
    ...rest,
    ...(visibility === undefined ? {} : { visibility }),
    memberStatus,
    isHidden,
    sort,
  }))

interface Asked {
  readonly viewer: Viewer
  readonly search: ImageSearch
  readonly limit: number
  readonly from: number | null
}
const searches = fc.array(
  fc.record<Asked>({
    viewer: viewers,
    search: asked,
    limit: fc.constantFrom(1, 2, 3, 7, 100),
    from: fc.option(fc.integer({ min: 0, max: 41 }), { freq: 1 }),
  }),
  { minLength: SEARCHES_EACH, maxLength: SEARCHES_EACH },
)

const folder = mkdtempSync(join(tmpdir(), 'search-oracle-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

/** In memory a search is read at once; of the file, in turns of the event loop. */
function openDatabase(isInTurns: boolean): Database {
  if (!isInTurns) return new Database(':memory:')
  files += 1
  return new Database(join(folder, `${files}.db`), { readAtOnceMs: 0 })
}

test('SQLite answers random searches as the naive catalogue does', async (t) => {
  const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31)
  let searched = 0
  let found = 0
  const property = fc.asyncProperty(
    fc.array(images, { minLength: 10, maxLength: 40 }),
    searches,
    fc.constantFrom(0, 3, 2000),
    fc.boolean(),
    async (initial, all, fewImages, isInTurns) => {
      using database = openDatabase(isInTurns)
      const naive = new MemoryCatalogue(() => NOW)
      const sqlite = openSqliteCatalogue(database, { now: () => NOW, fewImages })
      await naive.putImages(initial)
      await sqlite.putImages(initial)
      for (const one of all) {
        const expected = await paged(naive, one)
        assert.deepEqual(await paged(sqlite, one), expected)
        searched += 1
        if (Array.isArray(expected) && expected.length > 0) found += 1
      }
      assert.deepEqual(verifyCatalogue(database), [])
    },
  )
  await fc.assert(property, { seed, numRuns: CATALOGUES })
  t.diagnostic(`${searched} random searches, ${found} found something; seed ${seed}`)
  assert.ok(searched >= 2000, `only ${searched} searches`)
  assert.ok(found >= searched / 4, `only ${found} of ${searched} found anything`)
})

/** The pages joined; or the fault's code. Each image stands in them once. */
async function paged(
  store: ManagedCatalogue,
  { viewer, search, limit, from }: Asked,
): Promise<readonly Image[] | string> {
  const all: Image[] = []
  let marker = from === null ? undefined : idOf(from)
  try {
    for (;;) {
      const window = marker ? { limit, marker } : { limit }
      const { images, hasMore } = await store.search(viewer, search, window)
      all.push(...images)
      marker = images.at(-1)?.id
      assert.ok(!hasMore || images.length === limit)
      if (!hasMore) break
    }
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length)
  return all
}
