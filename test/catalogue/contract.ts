import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Catalogue, ListWindow } from '../../src/catalogue/catalogue.ts'
import type { CatalogueFaultCode } from '../../src/catalogue/faults.ts'
import type { Image } from '../../src/image/image.ts'
import { positionOf } from '../../src/image/order.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { ADMIN, idOf, imageOf, memberOf, OTHER, OWNER, UNSCOPED } from './images.ts'

/** A catalogue to be tested, and what it can do. */
export interface Subject {
  readonly name: string
  /** A catalogue that holds just these images. Its clock stands at `NOW`. */
  open(images: readonly Image[]): Promise<Catalogue>
  /** Why this catalogue cannot do something; each such test is skipped with the reason. */
  readonly cannot?: {
    /** Hold texts with a NUL, of 65,535 bytes, with 4-byte characters. */
    readonly holdAnyText?: string
    /** Tell by `version` that something was written. */
    readonly tellVersion?: string
    /** Stand at `NOW`: its clock is the real one. */
    readonly setClock?: string
    /** List images in the state `killed`. */
    readonly listKilled?: string
    /** Tell an image's members. */
    readonly tellMembers?: string
    /** Move `updatedAt` when there is nothing at all to write. */
    readonly touchUnchanged?: string
  }
}

/** Unix seconds. */
export const NOW = 1_800_000_000

export async function listed(
  catalogue: Catalogue,
  viewer: Viewer,
  query: ImageQuery = {},
  window: ListWindow = { limit: Number.POSITIVE_INFINITY },
): Promise<readonly Image[]> {
  const images: Image[] = []
  for await (const batch of catalogue.list(viewer, query, window)) images.push(...batch)
  return images
}

async function numbers(...of: Parameters<typeof listed>): Promise<readonly number[]> {
  return (await listed(...of)).map((image) => Number.parseInt(image.id.slice(-12), 16))
}

const fault = (code: CatalogueFaultCode) => ({ name: 'CatalogueFault', code })
const change = (entries: readonly [string, string][], remove: readonly string[] | 'all' = []) => ({
  remove: remove === 'all' ? remove : new Set(remove),
  set: new Map(entries),
  propertiesMax: 128,
})

/** How far a real clock may be from ours, and how long a request may take. */
const REAL_CLOCK_SECONDS = 30

/** The image as the catalogue can tell it. */
function told(image: Image, cannot: Subject['cannot']): Image {
  return cannot?.tellMembers === undefined ? image : { ...image, members: [] }
}

/** What every catalogue must do, whatever holds the images. */
export function contract(subject: Subject): void {
  describe(`catalogue: ${subject.name}`, () => {
    testLists(subject)
    testPages(subject)
    testReads(subject)
    testChanges(subject)
    testDeletes(subject)
  })
}

function testLists({ open, cannot }: Subject): void {
  test('a list holds own, public and accepted images, newest first, ties by id', async () => {
    const catalogue = await open([
      imageOf(1),
      imageOf(2, { owner: 'other', visibility: 'public' }),
      imageOf(3, { owner: 'other', visibility: 'private' }),
      imageOf(4, { owner: 'other', visibility: 'shared', members: [memberOf('own', 'accepted')] }),
      imageOf(5, { owner: 'other', visibility: 'shared', members: [memberOf('own', 'pending')] }),
      imageOf(6, { owner: 'other', visibility: 'shared', members: [memberOf('own', 'rejected')] }),
      imageOf(7, { owner: 'other', visibility: 'community' }),
      imageOf(8, { visibility: 'community' }),
      imageOf(9, { isHidden: true }),
      imageOf(10, { status: 'pending_delete' }),
      imageOf(11, { status: 'deleted' }),
      imageOf(12, {
        owner: 'other',
        visibility: 'private',
        members: [memberOf('own', 'accepted')],
      }),
      imageOf(13, { createdAt: imageOf(1).createdAt }),
      imageOf(14, { owner: null, visibility: 'public' }),
      imageOf(15, { owner: null, visibility: 'private' }),
      imageOf(16, { visibility: 'shared', members: [memberOf('own', 'accepted')] }),
    ])
    assert.deepEqual(await numbers(catalogue, OWNER), [16, 14, 8, 4, 2, 13, 1])
    assert.deepEqual(await numbers(catalogue, OTHER), [14, 12, 7, 6, 5, 4, 3, 2])
    assert.deepEqual(await numbers(catalogue, ADMIN), [16, 15, 14, 12, 6, 5, 4, 3, 2, 13, 1])
    assert.deepEqual(await numbers(catalogue, UNSCOPED), [14, 2])
    const owningAdmin = { project: 'own', isAdmin: true }
    assert.deepEqual(
      await numbers(catalogue, owningAdmin),
      [16, 15, 14, 12, 8, 6, 5, 4, 3, 2, 13, 1],
    )
  })

  test('each filter asks for equality, and all of them must hold', async () => {
    const odd = cannot?.listKilled === undefined ? 'killed' : 'deactivated'
    const catalogue = await open([
      imageOf(1, { name: 'a', minRamMib: 512, properties: new Map([['k', 'v']]) }),
      imageOf(2, { name: 'a', minDiskGib: 3, properties: new Map([['k', 'V']]) }),
      imageOf(3, { name: 'A', status: 'queued', updatedAt: NOW - 5 }),
      imageOf(4, { name: null, status: 'saving', properties: new Map([['k', null]]) }),
      imageOf(5, { name: '', status: odd, minRamMib: 512, minDiskGib: 3, updatedAt: NOW }),
    ])
    const expected: readonly (readonly [ImageQuery, readonly number[]])[] = [
      [{ name: 'a' }, [2, 1]],
      [{ name: '' }, [5]],
      [{ name: 'A' }, [3]],
      [{ name: 'a%' }, []],
      [{ statuses: ['queued', 'saving'] }, [4, 3]],
      [{ statuses: [odd] }, [5]],
      [{ statuses: [] }, []],
      [{ minRamMib: 512 }, [5, 1]],
      [{ minRamMib: Number.NaN }, []],
      [{ minDiskGib: 3 }, [5, 2]],
      [{ minDiskGib: 3, minRamMib: 512 }, [5]],
      [{ changesSince: NOW - 5 }, [5, 3]],
      [{ changesSince: NOW - 4 }, [5]],
      [{ changesSince: NOW + 1 }, []],
      [{ changesSince: 0, name: 'a' }, [2, 1]],
      [{ properties: new Map([['k', 'v']]) }, [1]],
      [{ properties: new Map([['k', 'null']]) }, []],
      [{ properties: new Map([['kv', '']]) }, []],
      [{ properties: new Map(), name: 'a' }, [2, 1]],
      [{ name: 'a', properties: new Map([['k', 'V']]) }, [2]],
      [{ properties: new Map([['__proto__', 'x']]) }, []],
    ]
    for (const [query, found] of expected) {
      assert.deepEqual(await numbers(catalogue, OWNER, query), found, JSON.stringify(query))
    }
  })

  test('more filters than anyone asks for are all held', async () => {
    const many = Array.from({ length: 300 }, (_, i): [string, string] => [`key ${i}`, `${i}`])
    const one = imageOf(1, { properties: new Map(many) })
    const two = imageOf(2, { properties: new Map([...many.slice(0, -1), ['key 299', 'x']]) })
    const catalogue = await open([one, two])
    const query = { name: 'image-1', properties: new Map(many) }
    assert.deepEqual(await numbers(catalogue, OWNER, query), [1])
    assert.deepEqual(await numbers(catalogue, OWNER, { ...query, changesSince: 0 }), [1])
    assert.deepEqual(await numbers(catalogue, OWNER, { ...query, name: 'image-2' }), [])
  })
}

function testPages({ open }: Subject): void {
  test('pages join into the whole list, wherever they are cut', async () => {
    const images = Array.from({ length: 40 }, (_, n) =>
      imageOf(n, { createdAt: NOW - (n % 4), visibility: n % 3 === 0 ? 'public' : 'private' }),
    )
    const catalogue = await open(images)
    const whole = await numbers(catalogue, OWNER)
    assert.equal(whole.length, 40)
    for (const limit of [1, 3, 39, 40, 41]) {
      const joined: number[] = []
      for (let after: Image | undefined; ; ) {
        const window = after === undefined ? { limit } : { limit, after: positionOf(after) }
        const page = await listed(catalogue, OWNER, {}, window)
        assert.ok(page.length <= limit)
        joined.push(...page.map((image) => Number.parseInt(image.id.slice(-12), 16)))
        after = page.at(-1)
        if (after === undefined) break
      }
      assert.deepEqual(joined, whole, `limit ${limit}`)
    }
    assert.deepEqual(await listed(catalogue, OWNER, {}, { limit: 0 }), [])
  })

  test('a page goes on after a place that no image holds, or that the filter leaves out', async () => {
    const at = { createdAt: NOW }
    const catalogue = await open([imageOf(2, at), imageOf(4, { ...at, name: 'x' }), imageOf(6, at)])
    const after = (n: number, createdAt = NOW) => ({
      limit: 9,
      after: { createdAt, id: idOf(n) },
    })
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(5)), [4, 2])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(4)), [2])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(1)), [])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(7)), [6, 4, 2])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(5, NOW + 1)), [6, 4, 2])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, after(5, NOW - 1)), [])
    assert.deepEqual(await numbers(catalogue, OWNER, { name: 'x' }, after(6)), [4])
    assert.deepEqual(await numbers(catalogue, OWNER, { name: 'x' }, after(4)), [])
  })

  test('a page goes on after a marker, also one that the list leaves out', async () => {
    const at = { createdAt: NOW }
    const catalogue = await open([
      imageOf(1, at),
      imageOf(2, { ...at, isHidden: true }),
      imageOf(3, { ...at, name: 'x' }),
      imageOf(4, { owner: 'other', visibility: 'community', createdAt: NOW - 1 }),
      imageOf(5, { createdAt: NOW - 2 }),
      imageOf(6, { owner: 'other', visibility: 'public', createdAt: NOW - 3 }),
    ])
    const after = (n: number, limit = 9) => ({ limit, marker: idOf(n) })
    for (let again = 0; again < 2; again += 1) {
      assert.deepEqual(await numbers(catalogue, OWNER, {}, after(3)), [1, 5, 6])
      assert.deepEqual(await numbers(catalogue, OWNER, {}, after(3, 2)), [1, 5])
      assert.deepEqual(await numbers(catalogue, OWNER, {}, after(2)), [1, 5, 6])
      assert.deepEqual(await numbers(catalogue, OWNER, {}, after(4)), [5, 6])
      assert.deepEqual(await numbers(catalogue, OWNER, {}, after(6)), [])
      assert.deepEqual(await numbers(catalogue, OWNER, { name: 'x' }, after(2)), [])
      assert.deepEqual(await numbers(catalogue, OWNER, { statuses: [] }, after(2)), [])
      assert.deepEqual(await numbers(catalogue, ADMIN, {}, after(3)), [1, 5, 6])
      assert.deepEqual(await numbers(catalogue, UNSCOPED, {}, after(4)), [6])
    }
  })

  test('a marker that the viewer may not see is as one that there is not', async () => {
    const shared = { owner: 'other', visibility: 'shared' } as const
    const catalogue = await open([
      imageOf(1, { owner: 'other', visibility: 'public' }),
      imageOf(2, { owner: 'other' }),
      imageOf(3, { ...shared, members: [memberOf('third', 'accepted')] }),
      imageOf(4, { status: 'deleted' }),
      imageOf(5, { status: 'pending_delete' }),
      imageOf(6),
      imageOf(0xabc, { visibility: 'public' }),
    ])
    const list = (viewer: Viewer, marker: string, query: ImageQuery) =>
      listed(catalogue, viewer, query, { limit: 9, marker })
    const none = [idOf(4), idOf(5), idOf(7), '', 'x', '\0', `${idOf(1)} `, `${idOf(1)}&limit=1`]
    none.push(imageOf(0xabc).id.toUpperCase(), idOf(1).replaceAll('-', ''))
    const unseen = async (viewer: Viewer, markers: readonly string[]) => {
      for (const marker of markers) {
        for (const query of [{}, { name: 'image-1' }, { statuses: [] }]) {
          const said = `${JSON.stringify(marker)} ${JSON.stringify(query)}`
          await assert.rejects(list(viewer, marker, query), fault('marker.not_found'), said)
        }
      }
    }
    await unseen(OWNER, [...none, idOf(2), idOf(3)])
    await unseen(ADMIN, none)
    await unseen(UNSCOPED, [...none, idOf(2), idOf(3), idOf(6)])
    assert.deepEqual(await numbers(catalogue, OWNER, {}, { limit: 9, marker: idOf(6) }), [1])
    await catalogue.delete(OWNER, idOf(6))
    for (const viewer of [OWNER, ADMIN]) await unseen(viewer, [idOf(6)])
  })

  test('a list that is read slowly holds each lasting image once, whatever is written', async () => {
    const images = Array.from({ length: 1200 }, (_, n) => imageOf(n))
    const catalogue = await open(images)
    const seen: string[] = []
    let n = 0
    for await (const batch of catalogue.list(OWNER, {}, { limit: Number.POSITIVE_INFINITY })) {
      seen.push(...batch.map(({ id }) => id))
      await catalogue.changeProperties(OWNER, idOf(1199 - n), change([['k', 'v']]))
      await catalogue.changeProperties(OWNER, idOf(n), change([['k', 'v']]))
      n += 1
    }
    assert.deepEqual(seen, images.map(({ id }) => id).reverse())
  })
}

function testReads({ open, cannot }: Subject): void {
  test('by id answer also community, hidden and offered images; what is not seen is not there', async () => {
    const catalogue = await open([
      imageOf(1, { visibility: 'community' }),
      imageOf(2, { visibility: 'shared', members: [memberOf('other', 'rejected')] }),
      imageOf(3, { visibility: 'shared' }),
      imageOf(4),
      imageOf(5, { visibility: 'public', isHidden: true }),
      imageOf(6, { visibility: 'public', status: 'deleted' }),
      imageOf(7, { status: 'pending_delete' }),
    ])
    const sees = async (viewer: Viewer) => {
      const seen: number[] = []
      for (let n = 1; n <= 8; n += 1) {
        await catalogue.get(viewer, idOf(n)).then(
          () => seen.push(n),
          (error) => assert.equal(error.code, 'image.not_found'),
        )
      }
      return seen
    }
    assert.deepEqual(await sees(OWNER), [1, 2, 3, 4, 5])
    assert.deepEqual(await sees(OTHER), [1, 2, 5])
    assert.deepEqual(await sees(UNSCOPED), [1, 5])
    assert.deepEqual(await sees(ADMIN), [1, 2, 3, 4, 5])
  })

  test('an id that is none is not found', async () => {
    const catalogue = await open([imageOf(1)])
    const odd = [
      '',
      '\0',
      `${idOf(1)}\0`,
      'x'.repeat(300),
      '😀',
      '\ud800',
      idOf(1).toUpperCase(),
      "'",
    ]
    const upper = imageOf(0xabc)
    for (const id of [...odd, `${idOf(1)} `, idOf(1).replaceAll('-', ''), upper.id.toUpperCase()]) {
      if (id === idOf(1)) continue // digits have no upper case
      await assert.rejects(catalogue.get(ADMIN, id), fault('image.not_found'))
      await assert.rejects(catalogue.delete(ADMIN, id), fault('image.not_found'))
      await assert.rejects(
        catalogue.changeProperties(ADMIN, id, change([])),
        fault('image.not_found'),
      )
    }
  })

  test('an image comes back as it was put', { skip: cannot?.holdAnyText ?? false }, async () => {
    const odd = imageOf(1, {
      name: 'a\0b😀\n"\'\\',
      sizeBytes: Number.MAX_SAFE_INTEGER,
      minRamMib: 2_147_483_647,
      tags: ['', 'A', 'b', '\0', '😀'].sort(),
      visibility: 'shared',
      properties: new Map([
        ['z', '1'],
        ['__proto__', '2'],
        ['10', 'é'.repeat(32_767)],
        ['9', null],
        ['nul\0', '\0'],
        ['a,[', '],["\t\n'],
        ['constructor', ''],
      ]),
      members: [memberOf('other', 'accepted'), memberOf('third', 'pending')],
    })
    const catalogue = await open([odd, imageOf(2)])
    const back = await catalogue.get(OWNER, odd.id)
    assert.deepEqual(back, odd)
    assert.deepEqual([...back.properties.keys()], [...odd.properties.keys()])
    assert.deepEqual(await numbers(catalogue, OTHER), [1])
    for (const query of [{}, { changesSince: 0 }]) {
      assert.deepEqual(await numbers(catalogue, OWNER, { ...query, name: odd.name ?? '' }), [1])
      for (const [key, value] of odd.properties) {
        if (value === null) continue
        const properties = new Map([[key, value]])
        assert.deepEqual(await numbers(catalogue, OWNER, { ...query, properties }), [1], key)
        const others = new Map([[key, `${value}x`]])
        assert.deepEqual(await numbers(catalogue, OWNER, { ...query, properties: others }), [], key)
      }
    }
  })

  test('half a character matches nothing, not what stands for it', async () => {
    const catalogue = await open([
      imageOf(1, { name: '\ufffd', properties: new Map([['\ufffd', '\ufffd']]) }),
    ])
    assert.deepEqual(await numbers(catalogue, OWNER, { name: '\ufffd' }), [1])
    assert.deepEqual(await numbers(catalogue, OWNER, { name: '\ud800' }), [])
    assert.deepEqual(await numbers(catalogue, { project: '\ud800', isAdmin: false }), [])
    const properties = new Map([['\ud800', '\ufffd']])
    assert.deepEqual(await numbers(catalogue, OWNER, { properties }), [])
  })
}

function testChanges({ open, cannot }: Subject): void {
  test('a change removes, then sets, moves updatedAt, and leaves the rest', async () => {
    const before = imageOf(1, {
      visibility: 'community',
      isProtected: true,
      members: [memberOf('other', 'pending')],
      properties: new Map([
        ['a', '1'],
        ['b', '2'],
        ['kernel_id', null],
      ]),
    })
    const catalogue = await open([before])
    const changed = await catalogue.changeProperties(
      OWNER,
      before.id,
      change([['d', '4'], ['b', '3']], ['a', 'missing']), // biome-ignore format: pairs on one line
    )
    const properties = new Map([
      ['b', '3'],
      ['kernel_id', null],
      ['d', '4'],
    ])
    const { updatedAt } = changed
    if (cannot?.setClock === undefined) assert.equal(updatedAt, NOW)
    else assert.ok(Math.abs(updatedAt - Date.now() / 1000) < REAL_CLOCK_SECONDS)
    assert.deepEqual(changed, { ...told(before, cannot), properties, updatedAt })
    assert.deepEqual([...changed.properties.keys()], ['b', 'kernel_id', 'd'])
    assert.deepEqual(await catalogue.get(OWNER, before.id), changed)
    const found = (key: string, value: string) =>
      numbers(catalogue, OWNER, { properties: new Map([[key, value]]) })
    assert.deepEqual(await found('d', '4'), [1])
    assert.deepEqual(await found('a', '1'), [])
    assert.deepEqual(await found('b', '2'), [])
    assert.deepEqual(await numbers(catalogue, OWNER, { changesSince: updatedAt }), [1])
    const all = await catalogue.changeProperties(OWNER, before.id, change([['d', '5']], 'all'))
    assert.deepEqual([...all.properties], [['d', '5']])
  })

  const untouched = { skip: cannot?.touchUnchanged ?? false }
  test('a change that changes nothing moves updatedAt too, but never back', untouched, async () => {
    const later = imageOf(2, { updatedAt: NOW + 9 })
    const catalogue = await open([imageOf(1), later])
    assert.equal((await catalogue.changeProperties(OWNER, idOf(1), change([]))).updatedAt, NOW)
    const same = await catalogue.changeProperties(OWNER, later.id, change([]))
    assert.equal(same.updatedAt, NOW + 9)
  })

  test('a change is refused to those who may not, and leaves everything as it was', async () => {
    const images = [
      imageOf(1),
      imageOf(2, { visibility: 'public' }),
      imageOf(3, { visibility: 'shared', members: [memberOf('other', 'accepted')] }),
      imageOf(4, { properties: new Map([['a', '1']]) }),
    ]
    const catalogue = await open(images)
    const refused = async (
      viewer: Viewer,
      n: number,
      asked: Parameters<Catalogue['changeProperties']>[2],
      expected: object,
    ) => assert.rejects(catalogue.changeProperties(viewer, idOf(n), asked), expected)
    const ask = change([['k', 'v']])
    await refused(OTHER, 1, ask, { ...fault('image.not_found'), message: 'Image not found.' })
    const message = `Not authorized for image ${idOf(2)}.`
    await refused(OTHER, 2, ask, { ...fault('image.not_writable'), message })
    await refused(OTHER, 3, ask, fault('image.not_writable'))
    await refused(UNSCOPED, 2, ask, fault('image.not_writable'))
    await refused(OWNER, 4, { ...ask, propertiesMax: 1 }, fault('property.limit_exceeded'))
    for (const [key, value] of [
      ['k', '\ud800'],
      ['\udfff', 'v'],
      ['', 'v'],
      ['k', 'é'.repeat(32_768)],
      ['k'.repeat(256), 'v'],
      ['owner', 'v'],
    ] as const) {
      await refused(OWNER, 4, change([[key, value]]), fault('property.unstorable'))
    }
    for (const image of images) {
      assert.deepEqual(await catalogue.get(OWNER, image.id), told(image, cannot))
    }
    await catalogue.changeProperties(OWNER, idOf(4), { ...ask, propertiesMax: 2 })
    await catalogue.changeProperties(ADMIN, idOf(1), ask)
  })

  test('the version moves with a write', { skip: cannot?.tellVersion ?? false }, async () => {
    const catalogue = await open([imageOf(1)])
    const versions = [catalogue.version(OWNER), catalogue.version(OWNER)]
    assert.equal(versions[0], versions[1])
    await catalogue.changeProperties(OWNER, idOf(1), change([]))
    versions.push(catalogue.version(OWNER))
    await catalogue.delete(OWNER, idOf(1))
    versions.push(catalogue.version(OWNER))
    assert.equal(new Set(versions).size, 3)
  })
}

function testDeletes({ open }: Subject): void {
  test('a deleted image is gone, and its id may come again', async () => {
    const catalogue = await open([imageOf(1), imageOf(2, { name: 'image-1' })])
    await catalogue.delete(OWNER, idOf(1))
    await assert.rejects(catalogue.get(ADMIN, idOf(1)), fault('image.not_found'))
    await assert.rejects(catalogue.delete(OWNER, idOf(1)), fault('image.not_found'))
    assert.deepEqual(await numbers(catalogue, OWNER, { name: 'image-1' }), [2])
    assert.deepEqual(await numbers(catalogue, ADMIN), [2])
  })

  test('a delete is refused to those who may not, and of protected images', async () => {
    const catalogue = await open([
      imageOf(1),
      imageOf(2, { visibility: 'community' }),
      imageOf(3, { isProtected: true }),
    ])
    await assert.rejects(catalogue.delete(OTHER, idOf(1)), fault('image.not_found'))
    await assert.rejects(catalogue.delete(OTHER, idOf(2)), fault('image.not_writable'))
    const message = 'You are not allowed to delete the image.'
    await assert.rejects(catalogue.delete(ADMIN, idOf(3)), {
      ...fault('image.protected'),
      message,
    })
    assert.deepEqual(await numbers(catalogue, OWNER), [3, 2, 1])
    await catalogue.delete(ADMIN, idOf(1))
  })
}
