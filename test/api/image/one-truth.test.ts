import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import { idOf } from './images.ts'
import { type Ask, ask, type Served, serveBoth, THIRD_PROJECT } from './serve.ts'

/**
 * A write through one face is seen at once through the other; both are over one embedded catalogue.
 */

const database = new Database(':memory:')
const catalogue = openSqliteCatalogue(database)
const JSON_TYPE = { 'content-type': 'application/json' }

let image: Served
let compute: Served
let close: () => Promise<void>
before(async () => {
  ;({ image, compute, close } = await serveBoth(catalogue))
})
after(async () => {
  await close()
  database.close()
})

function make(n: number, fields: object = {}) {
  return ask(image, '/v2/images', { method: 'POST', body: { id: idOf(n), name: 'it', ...fields } })
}

function change(n: number, name: string, value: unknown, options: Ask = {}) {
  const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
  const body = [{ op: 'add', path: `/${name}`, value }]
  return ask(image, `/v2/images/${idOf(n)}`, { method: 'PATCH', headers, body, ...options })
}

interface Listed {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly progress: number
  readonly metadata: Readonly<Record<string, string>>
}

/** The image in Compute's list; undefined when it is not there. */
async function listed(n: number, query = '', token = 'member'): Promise<Listed | undefined> {
  const { json } = await ask(compute, `/v2.1/images/detail${query}`, { token })
  return (json as { images: Listed[] }).images.find(({ id }) => id === idOf(n))
}

test('an image that is made is saved, active, out of use and gone in Compute too', async () => {
  assert.equal((await make(1)).status, 201)
  const shown = async () => {
    const found = await listed(1)
    return found && [found.status, found.progress]
  }
  assert.deepEqual(await shown(), ['SAVING', 25])
  await catalogue.update(idOf(1), (it) => ({ ...it, status: 'saving' }))
  assert.deepEqual(await shown(), ['SAVING', 50])
  await catalogue.update(idOf(1), (it) => ({ ...it, status: 'active', sizeBytes: 5 }))
  assert.deepEqual(await shown(), ['ACTIVE', 100])
  const action = `/v2/images/${idOf(1)}/actions/deactivate`
  assert.equal((await ask(image, action, { method: 'POST' })).status, 204)
  assert.deepEqual(await shown(), ['UNKNOWN', 0])
  assert.equal((await ask(image, `/v2/images/${idOf(1)}`, { method: 'DELETE' })).status, 204)
  assert.equal(await shown(), undefined)
  assert.equal((await ask(compute, `/v2.1/images/${idOf(1)}`)).status, 404)
})

test('names, minima and properties that are changed are found by Compute’s filters at once', async () => {
  await make(2, { min_ram: 64 })
  assert.equal((await listed(2, '?minRam=64'))?.name, 'it')
  await change(2, 'name', 'other')
  await change(2, 'min_ram', 128)
  await change(2, 'os_distro', 'debian')
  assert.equal(await listed(2, '?name=it'), undefined)
  assert.equal(await listed(2, '?minRam=64'), undefined)
  const found = await listed(2, '?name=other&minRam=128&property-os_distro=debian')
  assert.equal(found?.metadata['os_distro'], 'debian')
})

test('metadata that is written through Compute are properties here', async () => {
  await make(3, { a: '1' })
  const path = `/v2.1/images/${idOf(3)}/metadata`
  const body = { metadata: { b: '2' } }
  const { status } = await ask(compute, path, { method: 'POST', headers: JSON_TYPE, body })
  assert.equal(status, 200)
  const { a, b } = (await ask(image, `/v2/images/${idOf(3)}`)).json as Record<string, unknown>
  assert.deepEqual([a, b], ['1', '2'])
  const { json } = await ask(image, '/v2/images?b=2')
  assert.deepEqual(
    (json as { images: Listed[] }).images.map(({ id }) => id),
    [idOf(3)],
  )
})

test('an image that Compute deletes is gone here', async () => {
  await make(4)
  const deleted = await ask(compute, `/v2.1/images/${idOf(4)}`, { method: 'DELETE' })
  assert.equal(deleted.status, 204)
  assert.equal((await ask(image, `/v2/images/${idOf(4)}`)).status, 404)
})

test('who sees an image changes for both at once', async () => {
  await make(5)
  const seen = async (token: string) => {
    const { json } = await ask(image, '/v2/images', { token })
    const here = (json as { images: Listed[] }).images.some(({ id }) => id === idOf(5))
    assert.equal((await listed(5, '', token)) !== undefined, here, token)
    return here
  }
  assert.equal(await seen('third'), false)
  const members = `/v2/images/${idOf(5)}/members`
  await ask(image, members, { method: 'POST', body: { member: THIRD_PROJECT } })
  assert.equal(await seen('third'), false)
  const body = { status: 'accepted' }
  await ask(image, `${members}/${THIRD_PROJECT}`, { method: 'PUT', body, token: 'third' })
  assert.equal(await seen('third'), true)
  assert.equal(await seen('stranger'), false)
  await change(5, 'visibility', 'public', { token: 'admin' })
  assert.equal(await seen('stranger'), true)
  await change(5, 'os_hidden', true)
  assert.equal(await seen('member'), false)
  await change(5, 'os_hidden', false)
  await change(5, 'owner', 'somebody', { token: 'admin' })
  await change(5, 'visibility', 'private', { token: 'admin' })
  assert.equal(await seen('member'), false)
  assert.equal((await ask(image, `/v2/images/${idOf(5)}`)).status, 404)
})
