import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '../../../src/image/image.ts'
import { idOf, makeImage } from './images.ts'
import { type Ask, ask, listCatalogue, OTHER_PROJECT, PROJECT, serveImages } from './serve.ts'

async function show(image: Image, options: Ask = {}) {
  const served = await serveImages(listCatalogue([image]))
  try {
    return await ask(served, `/v2/images/${image.id}`, options)
  } finally {
    await served.close()
  }
}

test('an image is shown as Glance 25.1 prints it', async () => {
  const { status, headers, json } = await show(
    makeImage(1, {
      kernel_id: null,
      foo: 'bar',
      name: 'n:1',
      disk_format: 'raw',
      container_format: 'bare',
      min_ram: 5,
      status: 'queued',
      tags: ['b', 'a'],
      created_at: '2026-11-23T20:27:29Z',
    }),
  )
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json')
  const expected = {
    kernel_id: null,
    foo: 'bar',
    name: 'n:1',
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'shared',
    size: null,
    virtual_size: null,
    status: 'queued',
    checksum: null,
    protected: false,
    min_ram: 5,
    min_disk: 0,
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
  }
  assert.deepEqual(json, expected)
  assert.deepEqual(Object.keys(json as object), Object.keys(expected))
})

test('a free property without a value is an empty text, unless the schema names it', async () => {
  const { json } = await show(makeImage(1, { foo: null, ramdisk_id: null }))
  const { foo, ramdisk_id } = json as Record<string, unknown>
  assert.deepEqual([foo, ramdisk_id], ['', null])
})

test('members and what Glance keeps for itself are not shown', async () => {
  const members = [{ member_id: OTHER_PROJECT, status: 'accepted' }]
  const { json } = await show(makeImage(1, { members, os_glance_stage_host: 'http://inside' }))
  assert.equal(Object.hasOwn(json as object, 'members'), false)
  assert.equal(Object.hasOwn(json as object, 'os_glance_stage_host'), false)
})

test('a free property of any name is shown, `members` and `__proto__` too', async () => {
  const fields = JSON.parse('{"members": {"members": [], "property": "m"}, "__proto__": "p"}')
  const { text } = await show(makeImage(1, fields))
  const { json } = { json: new Map(Object.entries(JSON.parse(text))) }
  assert.equal(json.get('members'), 'm')
  assert.equal(json.get('__proto__'), 'p')
})

test('an image that the caller may not see is answered like one that is not there', async () => {
  const image = makeImage(1, { visibility: 'private' })
  for (const [token, status] of [
    ['member', 200],
    ['admin', 200],
    ['stranger', 404],
    ['unscoped', 404],
  ] as const) {
    const response = await show(image, { token })
    assert.equal(response.status, status, token)
    if (status === 200) continue
    assert.deepEqual(response.json, {
      message: `No image found with ID ${image.id}`,
      code: '404 Not Found',
      title: 'Not Found',
    })
  }
})

test('what cannot be an id is not found', async () => {
  const served = await serveImages(listCatalogue([makeImage(1)]))
  try {
    for (const id of ['x', 'x'.repeat(300), '%00', '%F0%9F%98%80', idOf(1).slice(1)]) {
      assert.equal((await ask(served, `/v2/images/${id}`)).status, 404, id)
    }
  } finally {
    await served.close()
  }
})
