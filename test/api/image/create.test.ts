import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { idOf } from './images.ts'
import {
  type Ask,
  ask,
  HOST,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Served,
  serveImages,
} from './serve.ts'

let served: Served
before(async () => {
  served = await serveImages(listCatalogue([]))
})
after(() => served.close())

function create(body: unknown, options: Ask = {}) {
  return ask(served, '/v2/images', { method: 'POST', body, ...options })
}

async function refused(body: unknown, status: number, options: Ask = {}): Promise<string> {
  const response = await create(body, options)
  assert.equal(response.status, status, `${JSON.stringify(body)}: ${response.text}`)
  return (response.json as { message: string }).message
}

test('an image is made, told in full, and found by the address that is given', async () => {
  const { status, headers, json } = await create({
    id: idOf(1),
    name: 'one',
    visibility: 'private',
    protected: true,
    os_hidden: false,
    min_ram: 512,
    min_disk: 3,
    disk_format: 'qcow2',
    container_format: 'bare',
    tags: ['b', 'a', 'b'],
    os_distro: 'debian',
  })
  assert.equal(status, 201)
  assert.equal(headers.location, `http://${HOST}/v2/images/${idOf(1)}`)
  assert.equal(headers['openstack-image-import-methods'], 'glance-direct')
  assert.deepEqual(json, {
    os_distro: 'debian',
    name: 'one',
    disk_format: 'qcow2',
    container_format: 'bare',
    visibility: 'private',
    size: null,
    virtual_size: null,
    status: 'queued',
    checksum: null,
    protected: true,
    min_ram: 512,
    min_disk: 3,
    owner: PROJECT,
    os_hidden: false,
    os_hash_algo: null,
    os_hash_value: null,
    id: idOf(1),
    created_at: '2026-11-23T20:27:29Z',
    updated_at: '2026-11-23T20:27:29Z',
    tags: ['a', 'b'],
    self: `/v2/images/${idOf(1)}`,
    file: `/v2/images/${idOf(1)}/file`,
    schema: '/v2/schemas/image',
  })
  assert.deepEqual((await ask(served, new URL(headers.location ?? '').pathname)).json, json)
})

test('an empty document makes a shared image with an id of its own', async () => {
  const images = await Promise.all([create({}), create({})])
  const [a, b] = images.map(({ json }) => json as Record<string, unknown>)
  assert.notEqual(a?.['id'], b?.['id'])
  assert.match(String(a?.['id']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.deepEqual([a?.['name'], a?.['visibility'], a?.['tags']], [null, 'shared', []])
})

test('an id is taken once, and capitals are the same id', async () => {
  assert.equal((await create({ id: idOf(2) })).status, 201)
  assert.equal(await refused({ id: idOf(2) }, 409), `Image ID ${idOf(2)} already exists!`)
  const capitals = 'ABCDEF00-0000-4000-8000-000000000001'
  assert.equal(((await create({ id: capitals })).json as { id: string }).id, capitals.toLowerCase())
  assert.equal((await ask(served, `/v2/images/${capitals}`)).status, 200)
  assert.equal((await create({ id: capitals.toLowerCase() })).status, 409)
})

test('a body that is no image document is refused', async () => {
  assert.equal(await refused(undefined, 400), 'Body expected in request.')
  assert.equal(await refused('', 400), 'Body expected in request.')
  for (const body of ['{', 'x', '\ufeff{}', '{"a":NaN}']) {
    assert.equal(await refused(body, 400), 'Malformed JSON in request body.', body)
  }
  for (const body of ['"x"', '5', 'null', 'true']) {
    assert.equal(await refused(body, 400), 'Unexpected body type. Expected list/dict.', body)
  }
  assert.match(await refused([], 400), /JSON object/)
})

test('a document is nested 32 deep at most, brackets in its texts aside', async () => {
  const nested = (depth: number) => `{"name":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  assert.match(await refused(nested(32), 400), /is not of type/)
  assert.match(await refused(nested(33), 400), /nested deeper than 32/)
  assert.match(await refused(nested(4_000_000), 400), /nested deeper than 32/)
  const name = `${'[{'.repeat(50)}\\"]`
  const { status, json } = await create({ name, '\\"[': '"{' })
  assert.deepEqual([status, (json as { name: string }).name], [201, name])
})

test('a value that does not fit the schema is refused with the name of its field', async () => {
  for (const [field, value, problem] of [
    ['name', 5, "5 is not of type 'null', 'string'"],
    ['name', 'x'.repeat(256), 'is too long'],
    ['id', 'x', "'x' does not match"],
    ['visibility', 'secret', "'secret' is not one of ['community', 'public', 'private', 'shared']"],
    ['protected', 1, "1 is not of type 'boolean'"],
    ['os_hidden', null, "None is not of type 'boolean'"],
    ['min_ram', 1.5, "1.5 is not of type 'integer'"],
    ['min_disk', true, "True is not of type 'integer'"],
    ['disk_format', 'floppy', "'floppy' is not one of [None, 'ami'"],
    ['container_format', '', "'' is not one of [None, 'ami'"],
    ['tags', 'x', "'x' is not of type 'array'"],
    ['tags', [5], "5 is not of type 'string'"],
    ['tags', ['x'.repeat(256)], 'is too long'],
    ['kernel_id', 'x', "'x' does not match"],
    ['foo', 5, "5 is not of type 'string'"],
    ['foo', null, "None is not of type 'string'"],
    ['foo', { a: 1 }, "is not of type 'string'"],
    ['toString', 5, "5 is not of type 'string'"],
  ] as const) {
    const message = await refused({ [field]: value }, 400)
    assert.ok(message.startsWith("Provided object does not match schema 'image': "), message)
    assert.ok(message.includes(problem), message)
    assert.ok(message.endsWith(`(in '${field}')`), message)
  }
  assert.match(await refused({ min_ram: -1 }, 400), /'-1' for parameter 'min_ram'/)
  assert.match(await refused({ min_disk: 2 ** 31 }, 400), /must not exceed 2147483647/)
  assert.match(await refused({ foo: 'x'.repeat(65_536) }, 400), /longer than 65535 bytes/)
  assert.match(await refused({ '': 'x' }, 400), /1 to 255 characters/)
  assert.match(await refused('{"foo": "\\ud800"}', 400), /not well-formed/)
})

test('fields that are not the caller’s to write are refused', async () => {
  for (const field of ['self', 'file', 'schema', 'direct_url', 'stores', 'status', 'checksum']) {
    const value = field === 'status' ? 'active' : 'x'
    assert.equal(await refused({ [field]: value }, 403), `Attribute '${field}' is read-only.`)
  }
  assert.equal(await refused({ size: 1 }, 403), "Attribute 'size' is read-only.")
  for (const field of ['location', 'deleted', 'deleted_at', 'os_glance_x']) {
    assert.equal(await refused({ [field]: 'x' }, 403), `Attribute '${field}' is reserved.`)
  }
  assert.equal(await refused({ locations: [] }, 403), "Attribute 'locations' is reserved.")
})

test('only admin makes images public, or for others', async () => {
  for (const visibility of ['private', 'shared', 'community']) {
    assert.equal((await create({ visibility })).status, 201, visibility)
  }
  assert.match(await refused({ visibility: 'public' }, 403), /publicize_image/)
  const other = `You are not permitted to create images owned by '${OTHER_PROJECT}'.`
  assert.equal(await refused({ owner: OTHER_PROJECT }, 403), other)
  assert.match(await refused({ owner: null }, 403), /owned by 'None'/)
  const body = { visibility: 'public', owner: PROJECT }
  const { status, json } = await create(body, { token: 'admin' })
  assert.equal(status, 201)
  assert.equal((json as { owner: string }).owner, PROJECT)
})

test('a reader, and a caller without a project, make no images', async () => {
  for (const token of ['reader', 'unscoped']) {
    assert.match(await refused({}, 403, { token }), /add_image/)
  }
})

test('an image has at most 128 properties and 128 tags', async () => {
  const names = Array.from({ length: 129 }, (_, n) => `p${n}`)
  const properties = Object.fromEntries(names.map((name) => [name, 'x']))
  assert.match(await refused(properties, 413), /properties. Attempted: 129, Maximum: 128/)
  assert.match(await refused({ tags: names }, 413), /tags. Attempted: 129, Maximum: 128/)
  const { p128: _, ...most } = properties
  assert.equal((await create({ ...most, tags: names.slice(1) })).status, 201)
})

test('a document has at most 10,000 values, commas in its texts aside', async () => {
  const tags = Array.from({ length: 10_000 }, () => 'x')
  assert.equal((await create({ tags })).status, 201, 'the same tag')
  assert.match(await refused({ tags: [...tags, 'x'] }, 413), /more than 10000 values/)
  assert.equal((await create({ p: ','.repeat(20_000) })).status, 201)
})

test('a body above the limit is refused, one of many long properties is not', async () => {
  const long = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`p${n}`, 'x'.repeat(65_000)]),
  )
  assert.equal((await create(long)).status, 201)
  assert.equal((await create({ name: 'x'.repeat(11 * 1024 * 1024) })).status, 413)
})

test('a null is stored where the schema allows one, and nowhere else', async () => {
  const { status, json } = await create({ kernel_id: null, ramdisk_id: null, name: null })
  assert.equal(status, 201)
  const { id, kernel_id, ramdisk_id } = json as Record<string, unknown>
  assert.deepEqual([kernel_id, ramdisk_id], [null, null])
  const patch = await ask(served, `/v2/images/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    body: [{ op: 'add', path: '/kernel_id', value: null }],
  })
  assert.equal(patch.status, 200)
  for (const name of ['os_distro', 'x', 'min_ram', 'protected', 'tags']) {
    await refused({ [name]: null }, 400)
  }
})
