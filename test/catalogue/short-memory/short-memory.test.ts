import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Asker, Catalogue, ListWindow } from '../../../src/catalogue/catalogue.ts'
import { CatalogueFault, type CatalogueFaultCode } from '../../../src/catalogue/faults.ts'
import { MemoryCatalogue } from '../../../src/catalogue/memory/memory-catalogue.ts'
import {
  ShortMemory,
  type ShortMemoryOptions,
} from '../../../src/catalogue/short-memory/short-memory.ts'
import type { Image } from '../../../src/image/image.ts'
import type { ImageQuery } from '../../../src/image/query.ts'
import type { Viewer } from '../../../src/image/visibility.ts'
import { contract, listed, NOW } from '../contract.ts'
import { idOf, imageOf } from '../images.ts'

const ALL: ListWindow = { limit: Number.POSITIVE_INFINITY }
const ASKER: Asker = {
  token: 'token',
  userId: 'user',
  projectId: 'own',
  roles: ['member', 'reader'],
  requestId: 'req',
}
const viewerOf = ({ projectId, roles }: Asker): Viewer => ({
  project: projectId,
  isAdmin: roles.includes('admin'),
})

/** A catalogue behind the memory, whose lists can be held back or made to fail. */
class Behind {
  readonly store = new MemoryCatalogue(() => NOW)
  readonly asked: string[] = []
  readonly left: string[] = []
  batchRows = 100
  /** Lists break off, with an outage, after so many batches. */
  batchesMax = Number.POSITIVE_INFINITY
  fault: CatalogueFaultCode | undefined
  faultFor: string | undefined
  gate: Promise<void> = Promise.resolve()

  readonly catalogueFor = (asker: Asker): Catalogue => {
    const fail = () => {
      if (this.fault === undefined) return
      if (this.faultFor !== undefined && this.faultFor !== asker.token) return
      throw new CatalogueFault(this.fault, 'as told')
    }
    const list = (viewer: Viewer, query: ImageQuery, window: ListWindow) =>
      this.#list(asker, viewer, query, window, fail)
    return {
      list,
      get: (viewer, id) => this.store.get(viewer, id),
      changeProperties: async (viewer, id, change) => {
        fail()
        return this.store.changeProperties(viewer, id, change)
      },
      delete: async (viewer, id) => {
        fail()
        await this.store.delete(viewer, id)
      },
      version: () => undefined,
    }
  }

  async *#list(
    { token }: Asker,
    viewer: Viewer,
    query: ImageQuery,
    window: ListWindow,
    fail: () => void,
  ): AsyncGenerator<readonly Image[]> {
    this.asked.push(token)
    try {
      await this.gate
      fail()
      const images = await listed(this.store, viewer, query, window)
      for (let n = 0; n < images.length; n += this.batchRows) {
        yield images.slice(n, n + this.batchRows)
        await this.gate
        fail()
        if (n / this.batchRows + 1 >= this.batchesMax) {
          throw new CatalogueFault('upstream.unavailable', 'as told')
        }
      }
    } finally {
      this.left.push(token)
    }
  }
}

interface Stand {
  readonly behind: Behind
  readonly memory: ShortMemory
  readonly clock: { ms: number }
  readonly list: (asker?: Asker, query?: ImageQuery, window?: ListWindow) => Promise<Told>
}

interface Told {
  readonly images: readonly Image[]
  readonly ageMs: number | undefined
  readonly isStale: boolean | undefined
}

async function stand(
  options: Partial<ShortMemoryOptions> = {},
  images: readonly Image[] = [imageOf(2, { visibility: 'public' }), imageOf(1)],
): Promise<Stand> {
  const behind = new Behind()
  await behind.store.putImages(images)
  const clock = { ms: 5000 }
  const memory = new ShortMemory(behind.catalogueFor, {
    ...{ ttlMs: 1000, staleIfErrorMs: 0, isKeyedByUser: false },
    nowMs: () => clock.ms,
    ...options,
  })
  const list = async (asker = ASKER, query: ImageQuery = {}, window = ALL): Promise<Told> => {
    const found = memory.catalogueFor(asker).list(viewerOf(asker), query, window)
    const all: Image[] = []
    for await (const batch of found) all.push(...batch)
    const freshness = found.freshness?.()
    return { images: all, ageMs: freshness?.ageMs, isStale: freshness?.isStale }
  }
  return { behind, memory, clock, list }
}

contract({
  name: 'in memory, behind the short memory',
  open: async (images) => {
    const store = new MemoryCatalogue(() => NOW)
    await store.putImages(images)
    const memory = new ShortMemory(() => store, {
      ...{ ttlMs: 60_000, staleIfErrorMs: 60_000, isKeyedByUser: false },
    })
    const of = (viewer: Viewer) =>
      memory.catalogueFor({
        ...{ token: '', userId: '', requestId: '', projectId: viewer.project },
        roles: viewer.isAdmin ? ['admin'] : ['member'],
      })
    return {
      list: (viewer, query, window) => of(viewer).list(viewer, query, window),
      get: (viewer, id) => of(viewer).get(viewer, id),
      changeProperties: (viewer, id, change) => of(viewer).changeProperties(viewer, id, change),
      delete: (viewer, id) => of(viewer).delete(viewer, id),
      version: () => store.version(),
    }
  },
})

describe('what is kept', () => {
  test('is given again with its age and the very same records, until it is too old', async () => {
    const { behind, clock, list } = await stand()
    const first = await list()
    assert.deepEqual(
      first.images.map(({ id }) => id),
      [idOf(2), idOf(1)],
    )
    assert.equal(first.ageMs, undefined)
    clock.ms += 999
    const second = await list()
    assert.deepEqual([second.ageMs, second.isStale], [999, false])
    assert.equal(second.images[0], first.images[0])
    assert.equal(behind.asked.length, 1)
    clock.ms += 1
    assert.equal((await list()).ageMs, undefined)
    assert.equal(behind.asked.length, 2)
  })

  test('is one project’s, one set of roles’ and one question’s', async () => {
    const { behind, list } = await stand()
    const questions: readonly Parameters<Stand['list']>[] = [
      [],
      [{ ...ASKER, projectId: 'other' }],
      [{ ...ASKER, roles: ['reader'] }],
      [{ ...ASKER, roles: ['admin', 'member', 'reader'] }],
      [ASKER, { name: 'a' }],
      [ASKER, { statuses: ['active'] }],
      [ASKER, { statuses: [] }],
      [ASKER, { changesSince: 0 }],
      [ASKER, { minRamMib: 0 }],
      [ASKER, { minRamMib: Number.NaN }],
      [ASKER, { minDiskGib: 0 }],
      [ASKER, { properties: new Map([['a', 'b']]) }],
      [
        ASKER,
        {
          properties: new Map([
            ['a', 'b'],
            ['c', 'd'],
          ]),
        },
      ],
      [ASKER, {}, { limit: 1 }],
      [ASKER, {}, { limit: 1, after: { createdAt: 1, id: idOf(1) } }],
      [ASKER, {}, { limit: 1, marker: idOf(1) }],
      [ASKER, {}, { limit: 1, marker: idOf(2) }],
    ]
    for (const question of questions) await list(...question)
    assert.equal(behind.asked.length, questions.length)
    for (const question of questions) await list(...question)
    await list({ ...ASKER, userId: 'another', token: 'another', requestId: 'another' })
    assert.equal(behind.asked.length, questions.length)
  })

  test('is one user’s where the policy looks at users', async () => {
    const { behind, list } = await stand({ isKeyedByUser: true })
    for (const userId of ['a', 'b', 'a', 'b']) await list({ ...ASKER, userId })
    assert.equal(behind.asked.length, 2)
  })

  test('is nobody’s who has no project', async () => {
    const { behind, memory, list } = await stand({ staleIfErrorMs: 9000 })
    const unscoped = { ...ASKER, projectId: null }
    await Promise.all([list(unscoped), list(unscoped)])
    assert.equal((await list(unscoped)).ageMs, undefined)
    assert.equal(behind.asked.length, 3)
    assert.equal(memory.stats().lists, 0)
  })

  test('is bounded in lists and in bytes; the least used goes first', async () => {
    const few = await stand({ limits: { listsMax: 2 } })
    for (const name of ['a', 'b', 'a', 'c', 'a']) await few.list(ASKER, { name })
    assert.deepEqual(few.behind.asked.length, 3)
    await few.list(ASKER, { name: 'b' })
    assert.deepEqual(few.behind.asked.length, 4)
    assert.equal(few.memory.stats().lists, 2)
    const properties = new Map([['k', 'x'.repeat(1000)]])
    const small = await stand({ limits: { bytesMax: 20_000 } }, [imageOf(1, { properties })])
    for (let minRamMib = 0; minRamMib < 9; minRamMib += 1) await small.list()
    for (let limit = 1; limit < 9; limit += 1) await small.list(ASKER, {}, { limit })
    const { lists, bytes } = small.memory.stats()
    assert.ok(lists === 3 && bytes <= 20_000 && bytes > 12_000, `${lists} lists, ${bytes} bytes`)
  })

  test('is gathered by all who read at once only up to a limit', async () => {
    const images = Array.from({ length: 40 }, (_, n) => imageOf(40 - n))
    const { behind, memory, list } = await stand({ limits: { readingBytesMax: 1 } }, images)
    behind.batchRows = 10
    assert.deepEqual((await list()).images, images)
    assert.deepEqual(memory.stats(), { lists: 0, bytes: 0, readings: 0, readingBytes: 0 })
    const slow = await stand({}, images)
    slow.behind.batchRows = 10
    const reader = slow.memory.catalogueFor(ASKER).list(viewerOf(ASKER), {}, ALL)
    const batches = reader[Symbol.asyncIterator]()
    await batches.next()
    await sleep(5)
    const { bytes, readingBytes } = slow.memory.stats()
    assert.ok(readingBytes > 0 && readingBytes <= bytes, `${readingBytes} of ${bytes}`)
    await batches.return?.()
    await sleep(5)
    assert.equal(slow.memory.stats().readingBytes, 0)
  })

  test('is never a list larger than the limit, which is streamed whole all the same', async () => {
    const images = Array.from({ length: 250 }, (_, n) => imageOf(250 - n))
    const { behind, memory, list } = await stand({ limits: { listRowsMax: 40 } }, images)
    behind.batchRows = 30
    assert.deepEqual((await list()).images, images)
    assert.deepEqual((await list(ASKER, {}, { limit: 100 })).images, images.slice(0, 100))
    assert.deepEqual(
      (await Promise.all([list(), list()])).map((l) => l.images.length),
      [250, 250],
    )
    assert.equal(memory.stats().lists, 0)
    await sleep(5)
    assert.equal(memory.stats().readings, 0)
    assert.equal(behind.left.length, behind.asked.length)
  })

  test('nor is the rest of a large list read on for one who has gone', async () => {
    const { behind } = await stand()
    const { promise: ended, resolve: end } = Promise.withResolvers<IteratorResult<never>>()
    let isEnded = false
    const rest = {
      next: () => ended,
      return: async () => {
        isEnded = true
        end({ done: true, value: undefined })
        return ended
      },
    }
    const inner = behind.catalogueFor(ASKER)
    const small = new ShortMemory(
      () => ({
        ...inner,
        list: (viewer, query, window) =>
          window.after === undefined
            ? inner.list(viewer, query, window)
            : { [Symbol.asyncIterator]: () => rest },
      }),
      { ttlMs: 1000, staleIfErrorMs: 0, isKeyedByUser: false, limits: { listRowsMax: 1 } },
    )
    const reader = small.catalogueFor(ASKER).list(viewerOf(ASKER), {}, ALL)[Symbol.asyncIterator]()
    assert.equal((await reader.next()).value?.length, 2)
    const waiting = reader.next()
    await sleep(5)
    assert.equal(isEnded, false)
    await reader.return?.()
    assert.equal((await waiting).done, true)
    assert.equal(isEnded, true)
    assert.equal(small.stats().readings, 0)
  })

  test('is nothing at all with a time of 0', async () => {
    const { behind, list } = await stand({ ttlMs: 0 })
    await Promise.all([list(), list()])
    await list()
    assert.equal(behind.asked.length, 3)
  })
})

describe('identical lists at once', () => {
  const held = async () => {
    const made = await stand({}, [imageOf(3), imageOf(2), imageOf(1)])
    const { promise, resolve } = Promise.withResolvers<void>()
    made.behind.gate = promise
    made.behind.batchRows = 1
    return { ...made, open: resolve }
  }

  test('are asked for once', async () => {
    const { behind, list, open } = await held()
    const lists = Array.from({ length: 50 }, (_, n) => list({ ...ASKER, token: `${n}` }))
    await sleep(5)
    open()
    for (const { images } of await Promise.all(lists)) assert.equal(images.length, 3)
    assert.deepEqual(behind.asked, ['0'])
  })

  test('are answered though the first asker goes away', async () => {
    const { behind, memory, list, open } = await held()
    const first = memory.catalogueFor(ASKER).list(viewerOf(ASKER), {}, ALL)[Symbol.asyncIterator]()
    const nothing = first.next()
    const second = list({ ...ASKER, token: 'second' })
    await sleep(5)
    await first.return?.()
    assert.equal((await nothing).done, true)
    open()
    assert.equal((await second).images.length, 3)
    assert.deepEqual(behind.asked, ['token'])
  })

  test('end when all askers have gone away, and leave nothing', async () => {
    const { behind, memory, open } = await held()
    const readers = [1, 2].map(() =>
      memory.catalogueFor(ASKER).list(viewerOf(ASKER), {}, ALL)[Symbol.asyncIterator](),
    )
    const waiting = readers.map((reader) => reader.next())
    await sleep(5)
    for (const reader of readers) await reader.return?.()
    await Promise.all(waiting)
    open()
    await sleep(5)
    assert.equal(behind.left.length, 1)
    assert.deepEqual(memory.stats(), { lists: 0, bytes: 0, readings: 0, readingBytes: 0 })
  })

  test('a slow reader holds nobody up', async () => {
    const { memory, list, open } = await held()
    open()
    const slow = memory.catalogueFor(ASKER).list(viewerOf(ASKER), {}, ALL)[Symbol.asyncIterator]()
    await slow.next()
    assert.equal((await list()).images.length, 3)
    assert.equal((await slow.next()).value?.length, 1)
  })

  for (const code of ['token.refused', 'upstream.forbidden', 'upstream.throttled'] as const) {
    test(`a refusal (${code}) of the first asker’s token is nobody else’s`, async () => {
      const { behind, list, open } = await held()
      behind.fault = code
      behind.faultFor = 'token'
      const first = list()
      const second = list({ ...ASKER, token: 'second' })
      const refused = assert.rejects(first, { code })
      open()
      await refused
      assert.equal((await second).images.length, 3)
      assert.deepEqual(behind.asked, ['token', 'second'])
    })
  }

  test('an outage is everybody’s, at once', async () => {
    const { behind, list, open } = await held()
    behind.fault = 'upstream.unavailable'
    const lists = [1, 2, 3].map(() => assert.rejects(list(), { code: 'upstream.unavailable' }))
    open()
    await Promise.all(lists)
    assert.equal(behind.asked.length, 1)
  })
})

describe('while nobody can be asked', () => {
  test('the last good list stands in, and says so, as long as it may', async () => {
    for (const ttlMs of [0, 100]) {
      const { behind, clock, list } = await stand({ ttlMs, staleIfErrorMs: 5000 })
      const good = await list()
      for (const code of [
        'upstream.unavailable',
        'upstream.timeout',
        'upstream.invalid',
      ] as const) {
        behind.fault = code
        clock.ms += 1000
        const { images, isStale } = await list()
        assert.deepEqual(images, good.images)
        assert.equal(isStale, true)
      }
      assert.equal((await list()).ageMs, 3000)
      behind.fault = undefined
      assert.equal((await list()).ageMs, undefined)
      behind.fault = 'upstream.unavailable'
      clock.ms += 5001
      await assert.rejects(list(), { code: 'upstream.unavailable' })
    }
  })

  test('it stands in for outages alone, and only for who asked the same', async () => {
    const { behind, clock, list } = await stand({ staleIfErrorMs: 5000 })
    await list()
    clock.ms += 1000
    for (const code of ['token.refused', 'upstream.forbidden', 'upstream.throttled'] as const) {
      behind.fault = code
      await assert.rejects(list(), { code })
    }
    behind.fault = 'upstream.unavailable'
    await assert.rejects(list({ ...ASKER, projectId: 'other' }), { code: behind.fault })
    await assert.rejects(list({ ...ASKER, roles: ['reader'] }), { code: behind.fault })
    await assert.rejects(list(ASKER, { name: 'a' }), { code: behind.fault })
  })

  test('a list that broke off in the middle is not gone on from another one', async () => {
    const images = [imageOf(2), imageOf(1)]
    const { behind, clock, list } = await stand({ staleIfErrorMs: 5000 }, images)
    await list()
    clock.ms += 1000
    behind.batchRows = 1
    behind.batchesMax = 1
    await assert.rejects(list(), { code: 'upstream.unavailable' })
    behind.batchesMax = 0
    behind.fault = 'upstream.unavailable'
    assert.equal((await list()).isStale, true)
  })
})

describe('a write through this process', () => {
  const set = { remove: new Set<string>(), set: new Map([['k', 'v']]), propertiesMax: 128 }
  const other = { ...ASKER, projectId: 'other' }
  const admin = { ...ASKER, projectId: 'operators', roles: ['admin'] }
  const everybody = [ASKER, other, admin]
  const shows = async (list: Stand['list'], asker: Asker, query?: ImageQuery) =>
    (await list(asker, query)).images.map(({ properties }) => properties.get('k'))

  test('shows at once in every list that it touches', async () => {
    const { memory, list } = await stand({}, [imageOf(2, { visibility: 'public' }), imageOf(1)])
    const query = { properties: new Map([['k', 'v']]) }
    for (const asker of everybody) {
      await list(asker)
      await list(asker, query)
    }
    const catalogue = memory.catalogueFor(ASKER)
    await catalogue.changeProperties(viewerOf(ASKER), idOf(2), set)
    for (const asker of everybody) {
      assert.deepEqual((await shows(list, asker))[0], 'v')
      assert.deepEqual(await shows(list, asker, query), ['v'])
    }
    await catalogue.delete(viewerOf(ASKER), idOf(2))
    for (const asker of everybody) assert.deepEqual(await shows(list, asker, query), [])
  })

  test('of the image that a page begins after ends every such page', async () => {
    const images = [imageOf(2, { visibility: 'public' }), imageOf(1, { visibility: 'public' })]
    const { behind, memory, list } = await stand({}, images)
    const after = (asker: Asker) => list(asker, {}, { limit: 9, marker: idOf(2) })
    for (const asker of everybody) assert.equal((await after(asker)).images.length, 1)
    for (const asker of everybody) assert.equal((await after(asker)).ageMs, 0)
    assert.equal(behind.asked.length, 3)
    await memory.catalogueFor(ASKER).delete(viewerOf(ASKER), idOf(2))
    for (const asker of everybody) {
      await assert.rejects(after(asker), { code: 'marker.not_found' })
    }
    assert.equal(behind.asked.length, 6)
  })

  test('of a private image leaves the lists of those who cannot see it', async () => {
    const { behind, memory, list } = await stand({}, [imageOf(1)])
    for (const asker of everybody) await list(asker)
    behind.asked.length = 0
    await memory.catalogueFor(admin).changeProperties(viewerOf(admin), idOf(1), set)
    assert.deepEqual(await shows(list, ASKER), ['v'])
    assert.deepEqual(await shows(list, admin), ['v'])
    await list(other)
    assert.equal(behind.asked.length, 2)
  })

  test('spoils the lists that were being read meanwhile', async () => {
    const { behind, memory, list } = await stand()
    const { promise, resolve } = Promise.withResolvers<void>()
    behind.gate = promise
    const early = list()
    await sleep(0)
    await memory.catalogueFor(ASKER).delete(viewerOf(ASKER), idOf(1))
    const late = list()
    resolve()
    await early
    assert.equal((await late).images.length, 1)
    assert.equal(behind.asked.length, 2)
    const again = await list()
    assert.deepEqual([again.images.length, again.ageMs], [1, 0])
  })

  test('of which nobody knows whether it was done leaves lists for an outage only', async () => {
    const { behind, memory, list } = await stand({ staleIfErrorMs: 5000 })
    await list()
    behind.fault = 'upstream.timeout'
    const catalogue = memory.catalogueFor(ASKER)
    await assert.rejects(catalogue.delete(viewerOf(ASKER), idOf(1)), { code: behind.fault })
    assert.equal((await list()).isStale, true)
    behind.fault = undefined
    assert.equal((await list()).ageMs, undefined)
    assert.equal(behind.asked.length, 3)
  })

  test('of which a part may have been kept is seen at once', async () => {
    const { behind, memory, list } = await stand()
    await list()
    await list(other)
    behind.fault = 'property.unstorable'
    const change = memory.catalogueFor(ASKER).changeProperties(viewerOf(ASKER), idOf(2), set)
    await assert.rejects(change, { code: behind.fault })
    behind.fault = undefined
    assert.equal((await list()).ageMs, undefined)
    assert.equal((await list(other)).ageMs, undefined)
  })

  test('of an image that is not there takes nothing from others', async () => {
    const { behind, memory, list } = await stand()
    await list(other)
    const { promise, resolve } = Promise.withResolvers<void>()
    behind.gate = promise
    const early = list()
    await sleep(0)
    const nothing = memory.catalogueFor(ASKER).delete(viewerOf(ASKER), idOf(9))
    await assert.rejects(nothing, { code: 'image.not_found' })
    const late = list({ ...ASKER, token: 'late' })
    resolve()
    assert.deepEqual((await late).images, (await early).images)
    assert.equal((await list(other)).ageMs, 0)
    assert.equal(behind.asked.length, 2)
  })

  test('that was refused leaves everything', async () => {
    const { behind, memory, list } = await stand()
    await list()
    await list(other)
    const refused = memory.catalogueFor(other).delete(viewerOf(other), idOf(2))
    await assert.rejects(refused, { code: 'image.not_writable' })
    await list()
    await list(other)
    assert.equal(behind.asked.length, 2)
  })
})
