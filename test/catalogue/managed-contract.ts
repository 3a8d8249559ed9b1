import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CatalogueFaultCode } from '../../src/catalogue/faults.ts'
import type { ManagedCatalogue } from '../../src/catalogue/managed-catalogue.ts'
import type { Image } from '../../src/image/image.ts'
import type { ImageSearch, SortKey } from '../../src/image/search.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { listed } from './contract.ts'
import { ADMIN, idOf, imageOf, memberOf, OTHER, OWNER, UNSCOPED } from './images.ts'

export interface ManagedSubject {
  readonly name: string
  open(images: readonly Image[]): Promise<ManagedCatalogue>
}

const fault = (code: CatalogueFaultCode) => ({ name: 'CatalogueFault', code })

const NEWEST_FIRST: readonly SortKey[] = [
  { field: 'created_at', direction: 'desc' },
  { field: 'id', direction: 'desc' },
]
const PLAIN: ImageSearch = { memberStatus: 'accepted', isHidden: false, sort: NEWEST_FIRST }

async function numbers(
  catalogue: ManagedCatalogue,
  viewer: Viewer,
  search: Partial<ImageSearch> = {},
  window: Parameters<ManagedCatalogue['search']>[2] = { limit: 1000 },
): Promise<readonly number[]> {
  const { images } = await catalogue.search(viewer, { ...PLAIN, ...search }, window)
  return images.map((image) => Number.parseInt(image.id.slice(-12), 16))
}

/** What every catalogue must do whose images are made and changed in it. */
export function managedContract(subject: ManagedSubject): void {
  describe(`managed catalogue: ${subject.name}`, () => {
    testVisibility(subject)
    testFilters(subject)
    testOrders(subject)
    testLargeImages(subject)
    testBytesOfPages(subject)
    testCreates(subject)
    testUpdates(subject)
    testRemoves(subject)
  })
}

function testVisibility({ open }: ManagedSubject): void {
  const shared = (n: number, status: 'pending' | 'accepted' | 'rejected') =>
    imageOf(n, { owner: 'other', visibility: 'shared', members: [memberOf('own', status)] })
  const images = [
    imageOf(1),
    imageOf(2, { owner: 'other', visibility: 'public' }),
    imageOf(3, { owner: 'other' }),
    shared(4, 'accepted'),
    shared(5, 'pending'),
    shared(6, 'rejected'),
    imageOf(7, { owner: 'other', visibility: 'community' }),
    imageOf(8, { visibility: 'community' }),
    imageOf(9, { isHidden: true }),
    imageOf(10, { status: 'pending_delete' }),
    imageOf(11, { status: 'deleted' }),
    imageOf(12, { owner: 'other', members: [memberOf('own', 'accepted')] }),
    imageOf(13, { owner: 'other', visibility: 'public', isHidden: true }),
    imageOf(14, { visibility: 'shared' }),
    imageOf(15, { status: 'killed' }),
    imageOf(16, { owner: null, visibility: 'community' }),
    imageOf(17, { owner: null }),
  ]
  const cases: readonly (readonly [Viewer, Partial<ImageSearch>, readonly number[]])[] = [
    [OWNER, {}, [15, 14, 8, 4, 2, 1]],
    [OWNER, { visibility: 'all' }, [16, 15, 14, 8, 7, 4, 2, 1]],
    [OWNER, { visibility: 'public' }, [2]],
    [OWNER, { visibility: 'private' }, [15, 1]],
    [OWNER, { visibility: 'shared' }, [14, 4]],
    [OWNER, { visibility: 'community' }, [16, 8, 7]],
    [OWNER, { memberStatus: 'pending' }, [15, 14, 8, 5, 2, 1]],
    [OWNER, { visibility: 'shared', memberStatus: 'rejected' }, [14, 6]],
    [OWNER, { visibility: 'shared', memberStatus: 'all' }, [14, 6, 5, 4]],
    [OWNER, { visibility: 'private', memberStatus: 'all' }, [15, 1]],
    [OWNER, { visibility: 'all', memberStatus: 'pending' }, [16, 15, 14, 8, 7, 5, 2, 1]],
    [OWNER, { isHidden: true }, [13, 9]],
    [OTHER, {}, [12, 7, 6, 5, 4, 3, 2]],
    [OTHER, { isHidden: true }, [13]],
    [UNSCOPED, {}, [2]],
    [UNSCOPED, { visibility: 'all', memberStatus: 'all' }, [16, 8, 7, 2]],
    [UNSCOPED, { visibility: 'shared' }, []],
    [ADMIN, {}, [17, 15, 14, 12, 6, 5, 4, 3, 2, 1]],
    [ADMIN, { visibility: 'all' }, [17, 16, 15, 14, 12, 8, 7, 6, 5, 4, 3, 2, 1]],
    [ADMIN, { visibility: 'community' }, [16, 8, 7]],
    [ADMIN, { visibility: 'shared', memberStatus: 'pending' }, [14, 6, 5, 4]],
    [ADMIN, { visibility: 'private' }, [17, 15, 12, 3, 1]],
    [ADMIN, { isHidden: true }, [13, 9]],
    [{ project: 'own', isAdmin: true }, {}, [17, 15, 14, 12, 8, 6, 5, 4, 3, 2, 1]],
    [{ project: '\ud800', isAdmin: false }, { memberStatus: 'all' }, [2]],
  ]

  test('a search finds what Glance would show, by visibility and member status', async () => {
    const catalogue = await open(images)
    for (const [viewer, search, found] of cases) {
      const as = `${JSON.stringify(viewer)} ${JSON.stringify(search)}`
      assert.deepEqual(await numbers(catalogue, viewer, search), found, as)
      const byName = [{ field: 'size', direction: 'asc' }, ...NEWEST_FIRST] as const
      assert.deepEqual(await numbers(catalogue, viewer, { ...search, sort: byName }), found, as)
    }
  })
}

function testFilters({ open }: ManagedSubject): void {
  const GIB = 2 ** 30
  const images = [
    imageOf(1, { name: 'a', sizeBytes: null, tags: ['x', 'y'], diskFormat: 'raw', owner: 'own' }),
    imageOf(2, { name: 'A', sizeBytes: 0, tags: ['x'], virtualSizeBytes: GIB, checksum: 'c' }),
    imageOf(3, { name: null, sizeBytes: 5 * GIB, isProtected: true, containerFormat: null }),
    imageOf(4, { name: '', minRamMib: 512, minDiskGib: 3, visibility: 'public', owner: 'other' }),
    imageOf(5, { status: 'queued', properties: new Map([['k', 'v']]), hashValue: 'h' }),
  ]
  const at = (n: number) => imageOf(n).createdAt
  const cases: readonly (readonly [Partial<ImageSearch>, readonly number[]])[] = [
    [{ ids: [idOf(2), idOf(4), idOf(9), 'x'] }, [4, 2]],
    [{ ids: [] }, []],
    [{ names: ['a', ''] }, [4, 1]],
    [{ statuses: ['queued', 'saving'] }, [5]],
    [{ diskFormats: ['raw', 'iso'] }, [1]],
    [{ containerFormats: ['bare'] }, [5, 4, 2, 1]],
    [{ owner: 'other' }, [4]],
    [{ tags: ['x'] }, [2, 1]],
    [{ tags: ['x', 'y'] }, [1]],
    [{ tags: ['X'] }, []],
    [{ isProtected: true }, [3]],
    [{ isProtected: false, statuses: ['active'] }, [4, 2, 1]],
    [{ checksum: 'c' }, [2]],
    [{ hashValue: 'h' }, [5]],
    [{ numbers: [{ field: 'sizeBytes', operator: 'lte', value: 1 }] }, [2]],
    [{ numbers: [{ field: 'sizeBytes', operator: 'gte', value: 5 * GIB }] }, [3]],
    [{ numbers: [{ field: 'virtualSizeBytes', operator: 'eq', value: GIB }] }, [2]],
    [{ numbers: [{ field: 'minRamMib', operator: 'eq', value: 512 }] }, [4]],
    [{ numbers: [{ field: 'minRamMib', operator: 'lte', value: 511 }] }, [5, 3, 2, 1]],
    [{ numbers: [{ field: 'minDiskGib', operator: 'gte', value: Number.NaN }] }, []],
    [{ times: [{ field: 'createdAt', operator: 'eq', seconds: at(3) }] }, [3]],
    [{ times: [{ field: 'createdAt', operator: 'neq', seconds: at(3) }] }, [5, 4, 2, 1]],
    [{ times: [{ field: 'createdAt', operator: 'gt', seconds: at(3) }] }, [5, 4]],
    [{ times: [{ field: 'createdAt', operator: 'lte', seconds: at(3) }] }, [3, 2, 1]],
    [{ times: [{ field: 'updatedAt', operator: 'gte', seconds: at(4) }] }, [5, 4]],
    [{ times: [{ field: 'updatedAt', operator: 'lt', seconds: at(2) }] }, [1]],
    [{ properties: new Map([['k', 'v']]) }, [5]],
    [{ properties: new Map([['k', 'V']]) }, []],
  ]

  test('each filter of a search holds as it is said to, and all of them together', async () => {
    const catalogue = await open(images)
    for (const [search, found] of cases) {
      assert.deepEqual(await numbers(catalogue, OWNER, search), found, JSON.stringify(search))
      const oldestFirst = NEWEST_FIRST.map((key) => ({ ...key, direction: 'asc' as const }))
      const turned = await numbers(catalogue, OWNER, { ...search, sort: oldestFirst })
      assert.deepEqual(turned, found.toReversed(), JSON.stringify(search))
      const none = {
        ...search,
        times: [{ field: 'createdAt', operator: 'lt', seconds: 0 }],
      } as const
      assert.deepEqual(await numbers(catalogue, OWNER, none), [])
    }
  })
}

function testOrders({ open }: ManagedSubject): void {
  const byName = (name: 'asc' | 'desc', id: 'asc' | 'desc') => ({
    sort: [
      { field: 'name' as const, direction: name },
      { field: 'id' as const, direction: id },
    ],
  })
  const images = [
    imageOf(1, { name: 'b' }),
    imageOf(2, { name: null }),
    imageOf(3, { name: 'a' }),
    imageOf(4, { name: '' }),
    imageOf(5, { name: 'B' }),
    imageOf(6, { name: null }),
    imageOf(7, { name: 'a' }),
    imageOf(8, { name: '\uffff' }),
    imageOf(9, { name: '😀' }),
  ]

  test('unset names come first, then texts by code point; ties by the next key', async () => {
    const catalogue = await open(images)
    const ascending = [2, 6, 4, 5, 3, 7, 1, 8, 9]
    assert.deepEqual(await numbers(catalogue, OWNER, byName('asc', 'asc')), ascending)
    assert.deepEqual(
      await numbers(catalogue, OWNER, byName('desc', 'desc')),
      ascending.toReversed(),
    )
    assert.deepEqual(
      await numbers(catalogue, OWNER, byName('asc', 'desc')),
      [6, 2, 4, 5, 7, 3, 1, 8, 9],
    )
  })

  test('a page goes on after its marker, in each order, also one that does not match', async () => {
    const catalogue = await open([...images, imageOf(10, { owner: 'other' })])
    for (const search of [byName('asc', 'desc'), byName('desc', 'asc'), {}]) {
      const whole = await numbers(catalogue, OWNER, search)
      for (const [at, n] of whole.entries()) {
        const window = { limit: 2, marker: idOf(n) }
        const page = await numbers(catalogue, OWNER, search, window)
        assert.deepEqual(page, whole.slice(at + 1, at + 3), `after ${n}`)
      }
    }
    const after = (n: number) => ({ limit: 9, marker: idOf(n) })
    const named = { ...byName('asc', 'asc'), names: ['b', 'a'] }
    assert.deepEqual(await numbers(catalogue, OWNER, named, after(4)), [3, 7, 1])
    await assert.rejects(numbers(catalogue, OWNER, {}, after(10)), fault('marker.not_found'))
    await assert.rejects(numbers(catalogue, OWNER, {}, after(11)), fault('marker.not_found'))
    const odd = { limit: 1, marker: 'x' }
    await assert.rejects(numbers(catalogue, OWNER, {}, odd), {
      ...fault('marker.not_found'),
      message: 'No image found with ID x',
    })
    assert.deepEqual(await numbers(catalogue, OWNER, {}, { limit: 0 }), [])
  })
}

function testLargeImages({ open }: ManagedSubject): void {
  test('a page of large images ends early and says that there is more', async () => {
    const value = 'x'.repeat(65_535)
    const properties = new Map(Array.from({ length: 20 }, (_, n) => [`p${n}`, value]))
    const images = Array.from({ length: 8 }, (_, n) => imageOf(n + 1, { properties }))
    const catalogue = await open(images)
    const pageAfter = async (limit: number, marker?: string) => {
      const window = marker === undefined ? { limit } : { limit, marker }
      const page = await catalogue.search(OWNER, PLAIN, window)
      return [page.images.map(({ id }) => id), page.hasMore]
    }
    const ids = [8, 7, 6, 5, 4, 3, 2, 1].map(idOf)
    assert.deepEqual(await pageAfter(100), [ids.slice(0, 6), true])
    assert.deepEqual(await pageAfter(100, idOf(3)), [ids.slice(6), false])
    assert.deepEqual(await pageAfter(2, idOf(3)), [ids.slice(6), false])
    assert.deepEqual(await pageAfter(1, idOf(3)), [[idOf(2)], true])
    assert.deepEqual(await pageAfter(0), [[], false])
    assert.deepEqual(
      (await listed(catalogue, OWNER)).map(({ id }) => id),
      ids,
    )
  })
}

function testBytesOfPages({ open }: ManagedSubject): void {
  test('a page ends before its texts take more than is asked for, but has one image', async () => {
    const text = (bytes: number) => new Map([['text', 'x'.repeat(bytes)]])
    const sizes = [400, 400, 5000, 400]
    const images = sizes.map((bytes, n) => imageOf(9 - n, { properties: text(bytes) }))
    const catalogue = await open(images)
    const sizesAfter = async (bytesMax: number, marker: string | undefined) => {
      const window = { limit: 100, bytesMax, ...(marker === undefined ? {} : { marker }) }
      const page = await catalogue.search(OWNER, PLAIN, window)
      return [page.images.map(({ properties }) => properties.get('text')?.length), page.hasMore]
    }
    assert.deepEqual(await sizesAfter(1000, undefined), [[400, 400], true])
    assert.deepEqual(await sizesAfter(1000, idOf(8)), [[5000], true])
    assert.deepEqual(await sizesAfter(1000, idOf(7)), [[400], false])
    assert.deepEqual(await sizesAfter(10, undefined), [[400], true])
    assert.deepEqual(await sizesAfter(10_000, undefined), [sizes, false])
    const properties = new Map([['text', 'é'.repeat(400)]])
    await catalogue.putImages([imageOf(8, { properties })])
    assert.deepEqual(await sizesAfter(1000, undefined), [[400], true], 'bytes, not characters')
  })
}

function testCreates({ open }: ManagedSubject): void {
  test('a created image is there at once, and its id cannot be had twice', async () => {
    const catalogue = await open([])
    const image = imageOf(1, { status: 'queued', tags: ['t'] })
    assert.deepEqual(await catalogue.create(image), image)
    assert.deepEqual(await catalogue.find(image.id), image)
    assert.deepEqual(await listed(catalogue, OWNER), [image])
    assert.deepEqual(await numbers(catalogue, OWNER, { tags: ['t'] }), [1])
    await assert.rejects(catalogue.create(imageOf(1, { owner: 'other' })), fault('image.exists'))
    assert.deepEqual(await catalogue.find(image.id), image)
    await catalogue.remove(image.id, () => undefined)
    await catalogue.create(imageOf(1, { owner: 'other' }))
  })

  test('half a character is refused wherever it stands', async () => {
    const catalogue = await open([imageOf(1)])
    const bad: readonly Partial<Image>[] = [
      { name: '\ud800' },
      { tags: ['\udfff'] },
      { properties: new Map([['k', 'a\ud800']]) },
      { properties: new Map([['\ud800', null]]) },
      { diskFormat: '\ud800' },
      { members: [memberOf('\ud800', 'pending')] },
    ]
    for (const fields of bad) {
      await assert.rejects(catalogue.create(imageOf(2, fields)), fault('property.unstorable'))
      const update = catalogue.update(idOf(1), (image) => ({ ...image, ...fields }))
      await assert.rejects(update, fault('property.unstorable'))
    }
    assert.equal(await catalogue.find(idOf(2)), undefined)
    assert.deepEqual(await catalogue.find(idOf(1)), imageOf(1))
  })
}

function testUpdates({ open }: ManagedSubject): void {
  test('an update puts what it makes of the image in its place, for every reader', async () => {
    const catalogue = await open([imageOf(1), imageOf(2)])
    const fields = {
      name: 'new',
      status: 'saving',
      visibility: 'shared',
      owner: 'other',
      members: [memberOf('own', 'accepted')],
      tags: ['t'],
      sizeBytes: 7,
    } as const
    const updated = await catalogue.update(idOf(1), (image) => ({ ...image, ...fields }))
    assert.deepEqual(updated, { ...imageOf(1), ...fields })
    assert.deepEqual(await catalogue.find(idOf(1)), updated)
    assert.deepEqual(await numbers(catalogue, OTHER, { statuses: ['saving'] }), [1])
    assert.deepEqual(await numbers(catalogue, OWNER, { names: ['image-1'] }), [])
    assert.deepEqual(await listed(catalogue, OWNER, { name: 'new' }), [updated])
  })

  test('an update that returns the image, or throws, changes nothing', async () => {
    const catalogue = await open([imageOf(1)])
    assert.deepEqual(await catalogue.update(idOf(1), (image) => image), imageOf(1))
    const refusal = new Error('no')
    const refuse = () => {
      throw refusal
    }
    await assert.rejects(catalogue.update(idOf(1), refuse), refusal)
    assert.deepEqual(await catalogue.find(idOf(1)), imageOf(1))
    const other = (image: Image) => ({ ...image, id: idOf(2) })
    await assert.rejects(catalogue.update(idOf(1), other), TypeError)
    const asked: string[] = []
    const missing = catalogue.update(idOf(3), (image) => {
      asked.push(image.id)
      return image
    })
    await assert.rejects(missing, fault('image.not_found'))
    assert.deepEqual(asked, [])
  })

  test('of many updates at once none is lost', async () => {
    const catalogue = await open([imageOf(1, { minRamMib: 0 })])
    const more = (image: Image) => ({ ...image, minRamMib: image.minRamMib + 1 })
    await Promise.all(Array.from({ length: 30 }, () => catalogue.update(idOf(1), more)))
    assert.equal((await catalogue.find(idOf(1)))?.minRamMib, 30)
  })
}

function testRemoves({ open }: ManagedSubject): void {
  test('a removal says what it removed, unless its check refuses', async () => {
    const catalogue = await open([imageOf(1, { isProtected: true }), imageOf(2)])
    const refusal = new Error('protected')
    const check = (image: Image) => {
      if (image.isProtected) throw refusal
    }
    await assert.rejects(catalogue.remove(idOf(1), check), refusal)
    assert.deepEqual(await catalogue.remove(idOf(2), check), imageOf(2))
    assert.deepEqual(await numbers(catalogue, OWNER), [1])
    assert.equal(await catalogue.find(idOf(2)), undefined)
    await assert.rejects(catalogue.remove(idOf(2), check), fault('image.not_found'))
  })

  test('what nobody may see is found by its id alone, and odd ids are nobody’s', async () => {
    const catalogue = await open([imageOf(1, { status: 'pending_delete', owner: null })])
    assert.equal((await catalogue.find(idOf(1)))?.status, 'pending_delete')
    for (const id of ['', '\0', '\ud800', `${idOf(1)} `, 'x'.repeat(300)]) {
      assert.equal(await catalogue.find(id), undefined)
    }
  })
}
