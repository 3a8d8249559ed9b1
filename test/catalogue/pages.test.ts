import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CatalogueFault } from '../../src/catalogue/faults.ts'
import type { ManagedCatalogue } from '../../src/catalogue/managed-catalogue.ts'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Image, MemberStatus, Visibility } from '../../src/image/image.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { ADMIN, idOf, imageOf, memberOf, OTHER, OWNER, UNSCOPED } from './images.ts'

/** Pages that are read at once, against a catalogue in memory, while two processes write. */

const SECONDS = 4
const IDS = 40
const STEPS = 250
const OTHERS_ADMIN: Viewer = { project: 'other', isAdmin: true }
const VIEWERS = [OWNER, OTHER, ADMIN, UNSCOPED, OTHERS_ADMIN]
const QUERIES: readonly ImageQuery[] = [
  {},
  { name: 'image-1' },
  { statuses: ['active'], changesSince: 1_700_000_002 },
  { properties: new Map([['color', 'red']]) },
]

/** Of a seed (mulberry32), so that a failure can be repeated. */
function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  const one = <T>(values: readonly T[]): T => values[below(values.length)] as T
  return { below, one }
}

type Random = ReturnType<typeof randomOf>

function randomImage({ below, one }: Random): Image {
  const n = 1 + below(IDS)
  return imageOf(n, {
    name: `image-${below(3)}`,
    visibility: one<Visibility>(['private', 'shared', 'public', 'community']),
    owner: one(['own', 'other', 'third', null]),
    status: one(['active', 'active', 'queued', 'pending_delete']),
    isHidden: below(6) === 0,
    createdAt: 1_700_000_000 + below(SECONDS),
    updatedAt: 1_700_000_000 + below(SECONDS * 2),
    properties: new Map(below(2) === 0 ? [] : [['color', one(['red', 'blue'])]]),
    members:
      below(2) === 0
        ? []
        : [memberOf(one(['own', 'other']), one<MemberStatus>(['pending', 'accepted']))],
  })
}

interface Asked {
  readonly viewer: Viewer
  readonly query: ImageQuery
  readonly limit: number
  readonly marker?: string
}

function randomQuestion({ below, one }: Random): Asked {
  const marker = below(3) === 0 ? {} : { marker: idOf(1 + below(IDS)) }
  const limit = below(4) === 0 ? Number.POSITIVE_INFINITY : 1 + below(5)
  return { viewer: one(VIEWERS), query: one(QUERIES), limit, ...marker }
}

/** What a list is, or that its marker is refused. */
async function expected(catalogue: ManagedCatalogue, { viewer, query, ...window }: Asked) {
  const found: Image[] = []
  try {
    for await (const batch of catalogue.list(viewer, query, window)) found.push(...batch)
  } catch (error) {
    return codeOf(error)
  }
  return found
}

function pageOf(catalogue: ManagedCatalogue, { viewer, query, ...window }: Asked) {
  try {
    return catalogue.page?.(viewer, query, window)
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  if (error instanceof CatalogueFault) return error.code
  throw error
}

function twoProcesses(t: TestContext): readonly ManagedCatalogue[] {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-pages-'))
  const databases = [1, 2].map(() => new Database(join(folder, 'catalogue.db')))
  t.after(() => {
    for (const database of databases) database.close()
    rmSync(folder, { recursive: true })
  })
  return databases.map((database) => openSqliteCatalogue(database))
}

test('a page is what the catalogue holds, whatever any process writes', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  t.diagnostic(`seed ${seed}`)
  const random = randomOf(seed)
  const processes = twoProcesses(t)
  const oracle = new MemoryCatalogue(() => 0)
  /** What was answered at a version: at the same version it must be the same. */
  const answered = new Map<string, unknown>()
  let pages = 0
  for (let step = 0; step < STEPS; step += 1) {
    const image = randomImage(random)
    const writer = random.one(processes)
    if (random.below(4) === 0) {
      const gone = await writer.remove(image.id, () => undefined).catch(() => undefined)
      if (gone !== undefined) await oracle.remove(image.id, () => undefined)
    } else {
      await writer.putImages([image])
      await oracle.putImages([image])
    }
    await new Promise(setImmediate)
    for (let i = 0; i < 12; i += 1) {
      const asked = randomQuestion(random)
      const [at, reader] = random.one([...processes.entries()])
      const page = pageOf(reader, asked)
      const shown = `seed ${seed}, step ${step}: ${JSON.stringify(asked)}`
      assert.ok(page !== undefined, shown)
      assert.deepEqual(page, await expected(oracle, asked), shown)
      const key = JSON.stringify([
        at,
        reader.version(asked.viewer),
        asked,
        [...(asked.query.properties ?? [])],
      ])
      if (answered.has(key)) assert.deepEqual(page, answered.get(key), `the version: ${shown}`)
      answered.set(key, page)
      if (page.length > 0) pages += 1
    }
  }
  assert.ok(pages > STEPS * 4, `only ${pages} pages had images`)
})

test('a list goes on after images have been moved to other places', async (t) => {
  const [mine, others] = twoProcesses(t) as [ManagedCatalogue, ManagedCatalogue]
  const createdAt = 1_700_000_000
  const far = Array.from({ length: 30 }, (_, i) => imageOf((i + 1) * 2 ** 30, { createdAt }))
  await mine.putImages(far)
  const first = mine.page?.(OWNER, {}, { limit: 3 }) ?? []
  // Between the same two neighbours until there is no room for another label.
  for (let i = 0; i < 60; i += 1) {
    const between = imageOf(15 * 2 ** 30 + 2 ** 20 + i, { createdAt, owner: 'other' })
    await others.putImages([between])
  }
  await new Promise(setImmediate)
  const shown = [...first]
  while (shown.length < far.length) {
    const marker = shown.at(-1)?.id ?? ''
    const page = mine.page?.(OWNER, {}, { limit: 3, marker }) ?? []
    assert.ok(page.length > 0)
    shown.push(...page)
  }
  assert.deepEqual(
    shown.map(({ id }) => id),
    far.map(({ id }) => id).toReversed(),
  )
})

test("a project's writes leave the version of others as it was", async (t) => {
  const [mine, others] = twoProcesses(t) as [ManagedCatalogue, ManagedCatalogue]
  await mine.putImages([imageOf(1), imageOf(2, { owner: 'other' })])
  const versions = () => [OWNER, OTHER, ADMIN, UNSCOPED].map((viewer) => mine.version(viewer))
  const moved = async (write: () => Promise<unknown>) => {
    const before = versions()
    await write()
    await new Promise(setImmediate)
    const now = versions()
    return now.map((version, i) => version !== before[i])
  }
  const put = (image: Image) => moved(() => others.putImages([image]))
  assert.deepEqual(await put(imageOf(3, { owner: 'other' })), [false, true, true, false])
  assert.deepEqual(await put(imageOf(3, { owner: 'third' })), [false, true, true, false])
  const shared = imageOf(4, { owner: 'other', visibility: 'shared' })
  assert.deepEqual(await put(shared), [false, true, true, false])
  const members = [memberOf('own', 'pending')]
  assert.deepEqual(await put({ ...shared, members }), [true, true, true, false])
  assert.deepEqual(await put(imageOf(5, { visibility: 'public' })), [true, true, true, true])
  assert.deepEqual(await moved(() => others.remove(idOf(3), () => undefined)), [
    false,
    false,
    true,
    false,
  ])
})
