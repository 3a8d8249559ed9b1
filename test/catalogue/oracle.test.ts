import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { verifyCatalogue } from '../../src/catalogue/sqlite/verify.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { positionOf } from '../../src/image/order.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import {
  images,
  keys,
  names,
  numbers,
  PLAIN,
  seconds,
  statuses,
  values,
  viewers,
} from './arbitraries.ts'
import { listed, NOW } from './contract.ts'
import { idOf } from './images.ts'

/**
 * The SQLite catalogue against the naive one: random catalogues, random viewers and queries, read in
 * pages of random sizes, with writes in between. Small vocabularies make matches and ties common.
 */
const CATALOGUES = 60
const STEPS_EACH = 50

const queries: fc.Arbitrary<ImageQuery> = fc.record(
  {
    name: names,
    statuses: fc.array(statuses(), { maxLength: 3 }),
    changesSince: seconds,
    minRamMib: fc.oneof(numbers, fc.constant(Number.NaN)),
    minDiskGib: numbers,
    properties: fc.array(fc.tuple(keys, values), { maxLength: 2 }).map((pairs) => new Map(pairs)),
  },
  { ...PLAIN, requiredKeys: [] },
)

type Step =
  | { readonly do: 'list'; viewer: Viewer; query: ImageQuery; limit: number; from: number | null }
  | { readonly do: 'put'; images: readonly Image[] }
  | { readonly do: 'delete'; viewer: Viewer; n: number }
  | { readonly do: 'change'; viewer: Viewer; n: number; key: string; value: string }

const list = fc.record({
  do: fc.constant('list'),
  viewer: viewers,
  query: fc.oneof(queries, fc.constant({})),
  limit: fc.constantFrom(1, 2, 3, 7, 100),
  from: fc.option(fc.integer({ min: 0, max: 41 })),
})
const write = fc.oneof(
  fc.record({ do: fc.constant('put'), images: fc.array(images, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('delete'), viewer: viewers, n: fc.integer({ min: 0, max: 40 }) }),
  fc.record({
    do: fc.constant('change'),
    viewer: viewers,
    n: fc.integer({ min: 0, max: 40 }),
    key: keys,
    value: values,
  }),
)
const steps = fc.array(fc.oneof({ weight: 4, arbitrary: list }, { weight: 1, arbitrary: write }), {
  minLength: STEPS_EACH,
  maxLength: STEPS_EACH,
}) as fc.Arbitrary<readonly Step[]>

test('SQLite answers random queries as the naive catalogue does', async (t) => {
  const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31)
  let queried = 0
  let found = 0
  const property = fc.asyncProperty(
    fc.array(images, { minLength: 10, maxLength: 40 }),
    steps,
    fc.record({
      recentImagesMax: fc.constantFrom(0, 10, 2000),
      probedEntries: fc.constantFrom(1, 3, 5000),
    }),
    async (initial, path, planLimits) => {
      using database = new Database(':memory:')
      const naive = new MemoryCatalogue(() => NOW)
      const sqlite = openSqliteCatalogue(database, { now: () => NOW, planLimits })
      for (const step of [{ do: 'put', images: initial } as const, ...path]) {
        const [expected, actual] = [await take(naive, step), await take(sqlite, step)]
        assert.deepEqual(actual, expected)
        if (step.do !== 'list') continue
        queried += 1
        if (Array.isArray(expected) && expected.length > 0) found += 1
      }
      assert.deepEqual(verifyCatalogue(database), [])
    },
  )
  await fc.assert(property, { seed, numRuns: CATALOGUES })
  t.diagnostic(`${queried} random queries, ${found} found something; seed ${seed}`)
  assert.ok(queried >= 2000, `only ${queried} queries`)
  assert.ok(found >= queried / 4, `only ${found} of ${queried} found anything`)
})

/** What a step comes to, faults included. */
async function take(store: MemoryCatalogue, step: Step): Promise<unknown>
async function take(store: ReturnType<typeof openSqliteCatalogue>, step: Step): Promise<unknown>
async function take(
  store: MemoryCatalogue | ReturnType<typeof openSqliteCatalogue>,
  step: Step,
): Promise<unknown> {
  try {
    if (step.do === 'put') return await store.putImages(step.images)
    if (step.do === 'delete') return await store.delete(step.viewer, idOf(step.n))
    if (step.do === 'change') {
      return await store.changeProperties(step.viewer, idOf(step.n), {
        remove: step.value === '' ? 'all' : new Set(['os']),
        set: new Map([[step.key, step.value]]),
        propertiesMax: 3,
      })
    }
    return await paged(store, step)
  } catch (error) {
    return (error as { code?: string }).code ?? error
  }
}

async function paged(
  store: MemoryCatalogue | ReturnType<typeof openSqliteCatalogue>,
  { viewer, query, limit, from }: Step & { do: 'list' },
): Promise<readonly Image[]> {
  const all: Image[] = []
  let after = from === null ? undefined : { createdAt: NOW, id: idOf(from) }
  for (;;) {
    const page = await listed(store, viewer, query, after ? { limit, after } : { limit })
    all.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return all
    after = positionOf(last)
  }
}
