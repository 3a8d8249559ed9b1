import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import {
  type Ask,
  ask,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Served,
  serveImages,
} from './serve.ts'

const V2_0 = 'application/openstack-images-v2.0-json-patch'
const V2_1 = 'application/openstack-images-v2.1-json-patch'

let served: Served
beforeEach(async () => {
  served = await serveImages(
    listCatalogue([
      makeImage(1, { status: 'queued', os_distro: 'debian' }),
      makeImage(2, { visibility: 'public', owner: OTHER_PROJECT }),
      makeImage(3, { visibility: 'private', owner: OTHER_PROJECT }),
      makeImage(4, { protected: true }),
    ]),
  )
})
afterEach(() => served.close())

interface Options extends Ask {
  readonly n?: number
  readonly type?: string
}

function patch(body: unknown, { n = 1, type = V2_1, ...options }: Options = {}) {
  const headers = { 'content-type': type }
  return ask(served, `/v2/images/${idOf(n)}`, { method: 'PATCH', headers, body, ...options })
}

async function patched(body: unknown, options: Options = {}): Promise<Record<string, unknown>> {
  const { status, json, text } = await patch(body, options)
  assert.equal(status, 200, text)
  const shown = await ask(served, `/v2/images/${idOf(options.n ?? 1)}`, { token: 'admin' })
  assert.deepEqual(shown.json, json)
  return json as Record<string, unknown>
}

async function refused(body: unknown, status: number, options: Options = {}): Promise<string> {
  const path = `/v2/images/${idOf(options.n ?? 1)}`
  const before = (await ask(served, path, { token: 'admin' })).text
  const response = await patch(body, options)
  assert.equal(response.status, status, `${JSON.stringify(body)}: ${response.text}`)
  assert.equal((await ask(served, path, { token: 'admin' })).text, before, 'nothing is changed')
  return (response.json as { message: string }).message
}

function replace(name: string, value: unknown): unknown {
  return [{ op: 'replace', path: `/${name}`, value }]
}

test('fields and properties are changed, and the time of it is kept', async () => {
  const image = await patched([
    { op: 'replace', path: '/name', value: 'new' },
    { op: 'add', path: '/min_ram', value: 64 },
    { op: 'replace', path: '/tags', value: ['z', 'y', 'z'] },
    { op: 'replace', path: '/visibility', value: 'community' },
    { op: 'replace', path: '/os_hidden', value: true },
    { op: 'replace', path: '/protected', value: true },
    { op: 'replace', path: '/disk_format', value: 'raw' },
    { op: 'replace', path: '/container_format', value: 'bare' },
    { op: 'remove', path: '/os_distro' },
    { op: 'add', path: '/a~1b~0c', value: 'x' },
    { op: 'add', path: '/ sp ace ', value: 'y' },
  ])
  const { name, min_ram, tags, visibility, os_hidden, disk_format, updated_at } = image
  assert.deepEqual(
    [name, min_ram, tags, visibility, os_hidden, image['protected'], disk_format],
    ['new', 64, ['y', 'z'], 'community', true, true, 'raw'],
  )
  assert.deepEqual([image['a/b~c'], image['sp ace']], ['x', 'y'])
  assert.equal(Object.hasOwn(image, 'os_distro'), false)
  assert.equal(updated_at, '2026-11-23T20:27:29Z')
})

test('an empty patch changes nothing, whoever sends it', async () => {
  const before = (await ask(served, `/v2/images/${idOf(2)}`)).json
  assert.deepEqual(await patched([], { n: 2 }), before)
})

test('draft 4 names an operation by its key, and adds only what is not there', async () => {
  const type = V2_0
  await patched([{ add: '/q', value: '1' }], { type })
  assert.equal(
    await refused([{ add: '/q', value: '2' }], 409, { type }),
    'Property q already present.',
  )
  assert.match(await refused([{ add: '/name', value: 'x' }], 409, { type }), /already present/)
  assert.equal((await patched([{ replace: '/q', value: '2' }], { type }))['q'], '2')
  assert.equal((await patched([{ remove: '/q' }], { type }))['q'], undefined)
  for (const [body, words] of [
    [[{ add: '/q', remove: '/q', value: 'x' }], /only one member/],
    [[{ op: 'add', path: '/q', value: 'x' }], /exactly one member/],
  ] as const) {
    assert.match(await refused(body, 400, { type }), words)
  }
})

test('another media type is refused with those that are taken', async () => {
  for (const type of ['application/json', 'text/plain', V2_1.toUpperCase()]) {
    const { status, headers } = await patch([], { type })
    assert.equal(status, 415)
    assert.equal(headers['accept-patch'], `${V2_0}, ${V2_1}`)
  }
  assert.equal((await patch([], { type: `${V2_1}; charset=utf-8` })).status, 200)
})

test('what is no patch is refused in the words of Glance', async () => {
  const available = 'It must be one of the following: add, remove, replace.'
  for (const [body, message] of [
    ['', 'Body expected in request.'],
    [{}, 'Request body must be a JSON array of operation objects.'],
    [['x'], 'Operations must be JSON objects.'],
    [[[]], 'Operations must be JSON objects.'],
    [[{ path: '/a' }], `Unable to find \`op\` in JSON Schema change. ${available}`],
    [[{ op: 'move', path: '/a' }], `Invalid operation: \`move\`. ${available}`],
    [[{ op: 'add' }], "Unable to find 'path' in JSON Schema change"],
    [[{ op: 'add', path: '/a' }], 'Operation "add" requires a member named "value".'],
    [[{ op: 'add', path: 'a', value: '' }], 'Pointer `a` does not start with "/".'],
    [[{ op: 'add', path: '', value: '' }], 'Pointer `` does not start with "/".'],
    [[{ op: 'add', path: '/a//b', value: '' }], 'Pointer `/a//b` contains adjacent "/".'],
    [[{ op: 'add', path: '/a/', value: '' }], 'Pointer `/a/` end with "/".'],
    [
      [{ op: 'add', path: '/a~2', value: '' }],
      'Pointer `/a~2` contains "~" not part of a recognized escape sequence.',
    ],
    [[{ op: 'add', path: '/a/b', value: '' }], "Invalid JSON pointer for this resource: '/a/b'"],
    [
      [{ op: 'add', path: '/tags/-', value: '' }],
      "Invalid JSON pointer for this resource: '/tags/-'",
    ],
  ] as const) {
    assert.equal(await refused(body, 400), message)
  }
  assert.match(await refused([{ op: 'add', path: 5, value: '' }], 400), /must be text/)
  assert.match(await refused(replace('name', 5), 400), /\(in 'name'\)$/)
  assert.match(await refused(replace('min_ram', -1), 400), /negative/)
})

test('read-only, reserved and missing names are refused', async () => {
  for (const name of ['id', 'status', 'size', 'checksum', 'created_at', 'self', 'os_hash_value']) {
    assert.equal(await refused(replace(name, 'x'), 403), `Attribute '${name}' is read-only.`)
    assert.equal((await patch([{ op: 'remove', path: `/${name}` }])).status, 403)
  }
  for (const name of ['location', 'deleted', 'deleted_at', 'os_glance_stage_host']) {
    assert.equal(await refused(replace(name, 'x'), 403), `Attribute '${name}' is reserved.`)
  }
  for (const name of ['name', 'tags', 'visibility', 'owner']) {
    const message = `Property ${name} may not be removed.`
    assert.equal(await refused([{ op: 'remove', path: `/${name}` }], 403), message)
  }
  assert.equal(await refused(replace('nope', 'x'), 409), 'Property nope does not exist.')
  assert.equal((await patch([{ op: 'remove', path: '/nope' }])).status, 409)
  const place = { url: 'file:///x', metadata: {} }
  for (const [body, verb] of [
    [[{ op: 'add', path: '/locations/-', value: place }], 'add'],
    [[{ op: 'remove', path: '/locations/0' }], 'remove'],
    [replace('locations', [place]), 'update'],
  ] as const) {
    const message = `It's not allowed to ${verb} locations if locations are invisible.`
    assert.equal(await refused(body, 403), message)
  }
})

test('one operation that is refused undoes the others', async () => {
  const body = [
    { op: 'replace', path: '/name', value: 'half' },
    { op: 'remove', path: '/nope' },
  ]
  await refused(body, 409)
})

test('the formats of an image that has data stay', async () => {
  const message = 'Attribute disk_format can be only replaced for a queued image.'
  assert.equal(await refused(replace('disk_format', 'raw'), 403, { n: 4 }), message)
  await patched(replace('name', 'x'), { n: 4 })
})

test('only the owner and admin change an image, and only one who sees it is told so', async () => {
  const name = replace('name', 'x')
  assert.equal(await refused(name, 403, { n: 2 }), 'You do not own this image')
  assert.equal(await refused(name, 404, { n: 3 }), `No image found with ID ${idOf(3)}`)
  assert.match(await refused(name, 404, { n: 3, token: 'third' }), /No image found/)
  await patched(name, { n: 2, token: 'stranger' })
  await patched(name, { n: 3, token: 'admin' })
  assert.match(await refused(name, 403, { token: 'reader' }), /modify_image/)
  assert.equal((await patch(name, { n: 99 })).status, 404)
})

test('making public and changing the owner are for admin', async () => {
  assert.match(await refused(replace('visibility', 'public'), 403), /publicize_image/)
  const message = "Owner can't be updated by non admin."
  assert.equal(await refused(replace('owner', OTHER_PROJECT), 403), message)
  assert.equal(await refused([{ op: 'add', path: '/owner', value: 'x' }], 403), message)
  await patched([{ op: 'add', path: '/owner', value: PROJECT }])
  await patched(replace('visibility', 'public'), { token: 'admin' })
  const given = await patched(replace('owner', OTHER_PROJECT), { token: 'admin' })
  assert.equal(given['owner'], OTHER_PROJECT)
})

test('properties beyond 128 are refused, and changing those there are is not', async () => {
  const add = (n: number) => ({ op: 'add', path: `/p${n}`, value: 'x' })
  const full = Array.from({ length: 127 }, (_, n) => add(n))
  await patched(full)
  assert.match(await refused([add(128)], 413), /Attempted: 129, Maximum: 128/)
  assert.equal((await patched(replace('p0', 'y')))['p0'], 'y')
})

test('properties are counted when the whole patch is done', async () => {
  const add = Array.from({ length: 500 }, (_, n) => ({ op: 'add', path: `/p${n}`, value: '' }))
  assert.match(await refused(add, 413), /Attempted: 501, Maximum: 128/)
  const undone = add.flatMap((op) => [op, { op: 'remove', path: op.path }])
  assert.deepEqual(Object.hasOwn(await patched(undone), 'p0'), false)
})

test('an image is deleted by its owner and admin, unless it is protected', async () => {
  const remove = async (n: number, token = 'member') => {
    const path = `/v2/images/${idOf(n)}`
    const { status, json } = await ask(served, path, { method: 'DELETE', token })
    return status === 204 ? 'gone' : `${status} ${(json as { message: string }).message}`
  }
  assert.equal(await remove(2), '403 You do not own this image')
  assert.equal(await remove(3), `404 Failed to find image ${idOf(3)} to delete`)
  assert.equal(await remove(4), `403 Image ${idOf(4)} is protected and cannot be deleted.`)
  assert.equal(await remove(4, 'admin'), `403 Image ${idOf(4)} is protected and cannot be deleted.`)
  assert.match(await remove(1, 'reader'), /^403 .*delete_image/)
  assert.equal(await remove(1), 'gone')
  assert.equal(await remove(1), `404 Failed to find image ${idOf(1)} to delete`)
  assert.equal(await remove(3, 'admin'), 'gone')
  assert.equal((await ask(served, `/v2/images/${idOf(1)}`)).status, 404)
})

test('a patch has at most 1,000 operations', async () => {
  const operations = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ op: 'add', path: '/p', value: String(n) }))
  assert.equal((await patched(operations(1000)))['p'], '999')
  const { status, text } = await patch(operations(1001))
  assert.equal(status, 413)
  assert.match(text, /at most 1000 operations. Attempted: 1001/)
})
