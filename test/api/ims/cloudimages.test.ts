import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { answerCloudimages } from '../../../src/api/ims/list.ts'
import { readListRequest } from '../../../src/api/ims/query.ts'
import { MemoryCatalogue } from '../../../src/catalogue/memory/memory-catalogue.ts'
import type { Image } from '../../../src/image/image.ts'
import type { Viewer } from '../../../src/image/visibility.ts'
import { idOf, imageOf, memberOf, OWNER } from '../../catalogue/images.ts'

const GIB = 2 ** 30
const of = (entries: Record<string, string | null>) => new Map(Object.entries(entries))

const IMAGES: readonly Image[] = [
  imageOf(1, { name: 'in:a,b', minRamMib: 2048, tags: ['x'] }),
  imageOf(2, { owner: 'vendor', visibility: 'public', isProtected: true, sizeBytes: 5 * GIB }),
  imageOf(3, {
    properties: of({ __os_type: 'Linux', __os_bit: '64', virtual_env_type: 'Ironic', empty: null }),
    diskFormat: 'raw',
    minDiskGib: 40,
    tags: ['a=b', 'x'],
  }),
  imageOf(4, { owner: 'other', visibility: 'shared', members: [memberOf('own', 'accepted')] }),
  imageOf(5, { owner: 'other', visibility: 'shared', members: [memberOf('own', 'pending')] }),
  imageOf(6, { visibility: 'shared', status: 'queued', sizeBytes: null }),
  imageOf(7, { owner: 'other' }),
  imageOf(8, { isHidden: true }),
  imageOf(9, { visibility: 'community', properties: of({ __whole_image: 'true' }) }),
  imageOf(10, { owner: 'other', visibility: 'community' }),
]

const catalogue = new MemoryCatalogue(() => 0)
before(() => catalogue.putImages(IMAGES))

async function ask(query: string, viewer: Viewer = OWNER) {
  const answer = await answerCloudimages({ query, viewer }, catalogue)
  assert.equal(answer.headers['content-type'], 'application/json')
  return { status: answer.status, json: JSON.parse(answer.body) }
}

async function found(query: string): Promise<readonly number[]> {
  const { status, json } = await ask(query)
  assert.equal(status, 200, `${query}: ${JSON.stringify(json)}`)
  assert.deepEqual(Object.keys(json), ['images'], 'the list and nothing besides')
  return json.images.map(({ id }: { id: string }) => Number.parseInt(id.slice(-12), 16))
}

test('without parameters it lists own, public and accepted images, the newest first', async () => {
  assert.deepEqual(await found(''), [9, 6, 4, 3, 2, 1])
})

test('each documented parameter asks for what it says', async () => {
  const at = (n: number) => new Date(imageOf(n).createdAt * 1000).toISOString().slice(0, 19)
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['__imagetype=gold&visibility=public&protected=true', [2]],
    ['owner=own', [9, 6, 3, 1]],
    ['member_status=accepted&visibility=shared&__imagetype=shared', [6, 4]],
    ['member_status=pending&visibility=shared&__imagetype=shared', [6, 5]],
    ['member_status=rejected&visibility=shared', [6]],
    ['__imagetype=private', [3, 1]],
    ['__imagetype=gold&visibility=private', []],
    ['visibility=private', [3, 1]],
    ['__isregistered=true&protected=false', [9, 6, 4, 3, 1]],
    ['__isregistered=false', []],
    [`id=${idOf(3)}`, [3]],
    ['status=queued', [6]],
    ['status=deleted', []],
    ['name=in%3Aa%2Cb', [1]],
    ['name=in%3Aa', []],
    ['container_format=bare&disk_format=raw', [3]],
    ['min_ram=2048', [1]],
    ['min_disk=40', [3]],
    ['min_disk=1', []],
    ['__os_type=Linux&__os_bit=64', [3]],
    ['__os_type=Windows', []],
    ['__whole_image=true', [9]],
    ['__whole_image=false&min_disk=40', [3]],
    ['virtual_env_type=Ironic', [3]],
    ['enterprise_project_id=all_granted_eps&min_disk=40', [3]],
    ['enterprise_project_id=0&min_disk=40', [3]],
    ['enterprise_project_id=4d5a6c7e-0000-4000-8000-000000000000', []],
    ['tag=x', [3, 1]],
    ['tag=x&tag=a%3Db', [3]],
    [`created_at=gt:${at(3)}Z`, [9, 6, 4]],
    [`created_at=lte:${at(3).replace('T', '+')}`, [3, 2, 1]],
    [`created_at=gt:${at(3)}.5Z`, [9, 6, 4]],
    [`created_at=lte:${at(3)}.5Z`, [3, 2, 1]],
    [`created_at=eq:${at(3)}.5Z`, []],
    [`created_at=neq:${at(3)}.5Z`, [9, 6, 4, 3, 2, 1]],
    [`updated_at=neq:${at(3)}Z&owner=own`, [9, 6, 1]],
    [`updated_at=${at(3)}Z`, [3]],
    ['size_min=1017', [2]],
    ['size_max=1016&owner=own', [9, 3, 1]],
    ['nobody_knows=this&_=123', [9, 6, 4, 3, 2, 1]],
    ['status=active&status=queued', [6]],
    ['sort_key=name&sort_dir=asc', [2, 3, 4, 6, 9, 1]],
    ['sort_key=size', [2, 9, 4, 3, 1, 6]],
    ['sort_key=id&sort_dir=asc', [1, 2, 3, 4, 6, 9]],
    ['sort_key=created_at&sort_dir=asc', [1, 2, 3, 4, 6, 9]],
  ]
  for (const [query, expected] of cases) assert.deepEqual(await found(query), expected, query)
})

test('a tag is looked for once, however often it is asked for', () => {
  const { search } = readListRequest('tag=a&tag=b&tag=a')
  assert.ok(search !== 'nothing')
  assert.deepEqual(search.tags, ['a', 'b'])
})

test('an id in capitals is the same id', async () => {
  const lettered = new MemoryCatalogue(() => 0)
  await lettered.putImages([imageOf(0xabc)])
  const query = `id=${idOf(0xabc).toUpperCase()}`
  const { body } = await answerCloudimages({ query, viewer: OWNER }, lettered)
  assert.equal(JSON.parse(body).images.length, 1)
})

test('pages are read by marker until one is not full', async () => {
  for (const limit of [1, 2, 4, 6, 7]) {
    const all: number[] = []
    for (let marker = ''; ; ) {
      const page = await found(`sort_key=name&limit=${limit}${marker}`)
      all.push(...page)
      if (page.length < limit) break
      marker = `&marker=${idOf(page.at(-1) ?? 0).toUpperCase()}`
    }
    assert.deepEqual(all, [1, 9, 6, 4, 3, 2], `limit ${limit}`)
  }
  assert.deepEqual(await found('limit=0'), [])
})

test('a page that large images would make short is refused, and says how many fit', async () => {
  const large = new MemoryCatalogue(() => 0)
  const properties = of(
    Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`p${n}`, 'x'.repeat(65_535)])),
  )
  await large.putImages([1, 2, 3, 4, 5, 6].map((n) => imageOf(n, { properties })))
  const answer = async (query: string) => {
    const { status, body } = await answerCloudimages({ query, viewer: OWNER }, large)
    return [status, JSON.parse(body).error ?? JSON.parse(body).images.length]
  }
  const message = 'The images are too large for one page. Ask for fewer: limit=4.'
  assert.deepEqual(await answer(''), [400, { message, code: 'IMG.0001' }])
  assert.deepEqual(await answer('limit=4'), [200, 4])
})

test('without a limit a page has 500 images', async () => {
  const many = new MemoryCatalogue(() => 0)
  await many.putImages(Array.from({ length: 501 }, (_, n) => imageOf(n)))
  const { body } = await answerCloudimages({ query: '', viewer: OWNER }, many)
  assert.equal(JSON.parse(body).images.length, 500)
  const all = await answerCloudimages({ query: 'limit=10000', viewer: OWNER }, many)
  assert.equal(JSON.parse(all.body).images.length, 501)
})

test('an image has the documented fields, as far as the catalogue knows them', async () => {
  const { json } = await ask(`id=${idOf(3)}`)
  assert.deepEqual(json.images, [
    {
      __os_type: 'Linux',
      __os_bit: '64',
      virtual_env_type: 'Ironic',
      __isregistered: 'true',
      id: idOf(3),
      name: 'image-3',
      owner: 'own',
      visibility: 'private',
      status: 'active',
      protected: false,
      container_format: 'bare',
      disk_format: 'raw',
      size: 1016,
      virtual_size: null,
      checksum: 'a'.repeat(32),
      min_ram: 0,
      min_disk: 40,
      tags: ['a=b', 'x'],
      created_at: '2023-11-14T22:13:23Z',
      updated_at: '2023-11-14T22:13:23Z',
      self: `/v2/images/${idOf(3)}`,
      file: `/v2/images/${idOf(3)}/file`,
      schema: '/v2/schemas/image',
      __imagetype: 'private',
      __image_size: '1016',
    },
  ])
  const [queued] = (await ask(`id=${idOf(6)}`)).json.images
  assert.equal(queued.size, null)
  assert.equal('__image_size' in queued, false)
  assert.equal(queued.__imagetype, 'shared')
  const [community] = (await ask(`id=${idOf(9)}`)).json.images
  assert.equal('__imagetype' in community, false)
  const [gold] = (await ask(`id=${idOf(2)}`)).json.images
  assert.equal(gold.__imagetype, 'gold')
})

test('an image cannot say of itself what this API says of it', async () => {
  const liar = new MemoryCatalogue(() => 0)
  await liar.putImages([imageOf(1, { properties: of({ __imagetype: 'gold', __image_size: '9' }) })])
  const { body } = await answerCloudimages({ query: '__imagetype=private', viewer: OWNER }, liar)
  const [image] = JSON.parse(body).images
  assert.equal(image.__imagetype, 'private')
  assert.equal(image.__image_size, '1016')
})

test('what cannot be meant is a 400 with the vendor’s code', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['__imagetype=market', 'IMG.0024'],
    ['min_ram=lots', 'IMG.0055'],
    ['min_disk=-1', 'IMG.0055'],
    ['marker=nobody', 'IMG.0027'],
    [`marker=${idOf(7)}`, 'IMG.0027'],
    [`marker=${idOf(99)}`, 'IMG.0027'],
    ['limit=-1', 'IMG.0001'],
    ['limit=10001', 'IMG.0001'],
    ['limit=x', 'IMG.0001'],
    ['visibility=everyone', 'IMG.0001'],
    ['status=ACTIVE', 'IMG.0001'],
    ['protected=1', 'IMG.0001'],
    ['member_status=all', 'IMG.0001'],
    ['sort_key=owner', 'IMG.0001'],
    ['sort_dir=up', 'IMG.0001'],
    ['created_at=since:2020-01-01T00:00:00Z', 'IMG.0001'],
    ['updated_at=gte:yesterday', 'IMG.0001'],
    ['name=%ff', 'IMG.0001'],
    ['__isregistered=maybe', 'IMG.0001'],
  ]
  for (const [query, code] of cases) {
    const { status, json } = await ask(query)
    assert.equal(status, 400, query)
    assert.deepEqual(Object.keys(json), ['error'])
    assert.deepEqual(Object.keys(json.error), ['message', 'code'])
    assert.equal(json.error.code, code, query)
    assert.match(json.error.message, /\S/)
  }
})
