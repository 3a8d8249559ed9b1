import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { GLANCE_STATUSES, type Image, VISIBILITIES } from '../../src/image/image.ts'
import { positionOf } from '../../src/image/order.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { members, PLAIN } from '../../test/catalogue/arbitraries.ts'
import { listed, NOW } from '../../test/catalogue/contract.ts'
import { ADMIN, idOf, imageOf, OTHER, OWNER, UNSCOPED } from '../../test/catalogue/images.ts'
import { glanceWorld } from './glance-world.ts'

/**
 * The Glance catalogue over a real Glance against the naive one that holds the same images: random
 * viewers, queries and places. The values are words that Glance reads as operators and parameters.
 */
const CATALOGUES = 6
const QUERIES_EACH = 150

const projects = fc.constantFrom('own', 'other', 'third')
const names = fc.constantFrom(
  ...['x', 'X', '', 'x y', 'a:b', 'eq:x', 'in:x,X', 'neq:x', 'a,b', '"x","X"', '"', 'x&limit=1'],
  ...['%41', '+', 'ü', 'x\0', '\0', '2026-01-01T00:00:00Z', 'x;y', '#', '\\'],
)
const keys = fc.constantFrom(
  ...['os', 'OS', 'hw:colon', 'dash-key', 'a&b', 'a=b', 'ü', '__proto__', '__os_type', 'x.y'],
  ...['limit', 'marker', 'sort_key', 'sort_dir', 'member_status', 'tag', 'changes-since', 'x_min'],
  ...['size_max', 'metadata', 'properties', 'members', 'is_public', 'keys', 'self_x', ' os', '\0'],
)
const values = fc.constantFrom(
  ...[
    '',
    'linux',
    'Linux',
    'a,b',
    'in:linux,Linux',
    'eq:linux',
    '"',
    '1',
    'desc',
    '\0',
    'ü',
    'a&b',
  ],
)
const numbers = fc.constantFrom(0, 1, 512)
/** Not before the year 1000, which Glance prints in fewer than four digits. */
const seconds = fc.constantFrom(
  -30_610_224_000,
  -5,
  0,
  7,
  1000,
  1001,
  NOW - 1,
  NOW,
  253_402_300_799,
)

const images: fc.Arbitrary<Image> = fc
  .record(
    {
      id: fc.integer({ min: 0, max: 60 }).map(idOf),
      name: fc.option(names),
      status: fc.oneof(
        { weight: 2, arbitrary: fc.constant('active') },
        fc.constantFrom(...GLANCE_STATUSES),
      ),
      visibility: fc.constantFrom(...VISIBILITIES),
      owner: fc.option(projects, { freq: 9 }),
      isHidden: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      isProtected: fc.boolean(),
      minRamMib: numbers,
      minDiskGib: numbers,
      createdAt: seconds,
      updatedAt: seconds,
      properties: fc.array(fc.tuple(keys, values), { maxLength: 6 }).map((list) => new Map(list)),
      members: members(projects),
    },
    PLAIN,
  )
  .map((fields) => imageOf(0, fields as Partial<Image>))

const viewers = fc.constantFrom(OWNER, OTHER, ADMIN, UNSCOPED, { ...OWNER, isAdmin: true })

const queries: fc.Arbitrary<ImageQuery> = fc.record(
  {
    name: names,
    statuses: fc.array(fc.constantFrom(...GLANCE_STATUSES), { minLength: 1, maxLength: 4 }),
    changesSince: seconds,
    minRamMib: fc.oneof(numbers, fc.constant(Number.NaN)),
    minDiskGib: numbers,
    properties: fc.array(fc.tuple(keys, values), { maxLength: 2 }).map((list) => new Map(list)),
  },
  { ...PLAIN, requiredKeys: [] },
)

interface Asked {
  readonly viewer: Viewer
  readonly query: ImageQuery
  readonly limit: number
  /** A place: after one of the images, or after none that there is. */
  readonly from: number | null
}

const asked: fc.Arbitrary<Asked> = fc.record({
  viewer: viewers,
  query: fc.oneof(
    { weight: 3, arbitrary: queries },
    // One filter with a value that an image has, so that much is found.
    { weight: 4, arbitrary: fc.record({ name: names }, PLAIN) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(keys, values)
        .map((pair): ImageQuery => ({ properties: new Map([pair]) })),
    },
    { weight: 2, arbitrary: fc.constant<ImageQuery>({}) },
  ),
  limit: fc.constantFrom(1, 2, 5, 100, Number.POSITIVE_INFINITY),
  from: fc.option(fc.integer({ min: 0, max: 70 }), { freq: 3 }),
})

const world = await glanceWorld()
after(() => world[Symbol.asyncDispose]())

test('a real Glance answers random queries as the naive catalogue does', async (t) => {
  const seed = Number(process.env['ORACLE_SEED'] ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let queried = 0
  let found = 0
  for (let n = 0; n < CATALOGUES; n += 1) {
    const [sampled = []] = fc.sample(
      fc.uniqueArray(images, { minLength: 50, maxLength: 60, selector: ({ id }) => id }),
      { seed: seed + n, numRuns: 1 },
    )
    const made = world.cloud.database === 'mariadb' ? sampled.map(withKeysApart) : sampled
    world.fill(made)
    const naive = new MemoryCatalogue(() => NOW)
    // Glance's lists leave killed images out.
    await naive.putImages(made.filter(({ status }) => status !== 'killed'))
    for (const { viewer, query, limit, from } of fc.sample(asked, {
      seed: seed + n,
      numRuns: QUERIES_EACH,
    })) {
      const after = from === null ? undefined : placeOf(made, from)
      const window = after === undefined ? { limit } : { limit, after }
      const expected = await listed(naive, viewer, query, window)
      const told = expected.map((image) => ({ ...image, members: [] }))
      const question = JSON.stringify({
        viewer,
        query,
        from,
        properties: [...(query.properties ?? [])],
      })
      const actual = await listed(world.catalogue, viewer, query, window).catch((error) => {
        throw new Error(question, { cause: error })
      })
      assert.deepEqual(actual, told, question)
      queried += 1
      if (expected.length > 0) found += 1
    }
  }
  t.diagnostic(`${queried} random queries, ${found} found something; seed ${seed}`)
  assert.ok(found >= queried / 6, `only ${found} of ${queried} found anything`)
})

/** MariaDB takes keys that differ in case alone for one, and holds one of each. */
function withKeysApart(image: Image): Image {
  const apart = new Map([...image.properties].map((pair) => [pair[0].toLowerCase(), pair]))
  return { ...image, properties: new Map(apart.values()) }
}

function placeOf(made: readonly Image[], n: number) {
  const image = made.find(({ id }) => id === idOf(n))
  return image === undefined ? { createdAt: 1000, id: idOf(n) } : positionOf(image)
}
