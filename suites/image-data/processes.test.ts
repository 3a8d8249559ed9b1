import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../../src/database/database.ts'
import { create, request, send } from './client.ts'
import { RunningServer } from './run-server.ts'

/** Several servers over one data folder. */

const ROUNDS = 20
const BYTES = 2_000_000
/** Longer than a write waits for its turn. */
const LOCKED_MS = 12_000

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-data-processes-'))
})
after(() => rm(folder, { recursive: true }))

test('of two uploads to one image through two processes one wins, and both show its bytes', async () => {
  await using one = await RunningServer.start(folder)
  await using two = await RunningServer.start(folder)
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await create(one.port)
    const statuses = await Promise.all([
      send(one.port, id, 'file', new Uint8Array(BYTES).fill(1)),
      send(two.port, id, 'file', new Uint8Array(BYTES).fill(2)),
    ])
    assert.deepEqual(statuses.toSorted(), [204, 409])
    const winner = statuses[0] === 204 ? 1 : 2
    for (const { port } of [one, two]) {
      const response = await request(port, 'GET', `/${id}/file`)
      const bytes = new Uint8Array(await response.arrayBuffer())
      assert.ok(bytes.length === BYTES && bytes.every((byte) => byte === winner))
    }
    assert.equal((await request(two.port, 'DELETE', `/${id}`)).status, 204)
    assert.equal((await request(one.port, 'GET', `/${id}/file`)).status, 404)
  }
  assert.deepEqual((await readdir(join(folder, 'images'))).sort(), ['incoming', 'staged'])
})

/** An upload that has begun, and sends its second half when told. */
async function begin(port: number, id: string, what = 'file') {
  const abort = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(BYTES))
      await promise
      controller.enqueue(new Uint8Array(BYTES))
      controller.close()
    },
  })
  const sending = fetch(`http://127.0.0.1:${port}/v2/images/${id}/${what}`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'any', 'content-type': 'application/octet-stream' },
    body,
    duplex: 'half',
    signal: abort.signal,
  })
  sending.catch(() => undefined)
  while ((await statusAt(port, id)) === 'queued') await new Promise((next) => setTimeout(next, 10))
  const end = async () => {
    resolve()
    return (await sending).status
  }
  const breakOff = async () => {
    abort.abort()
    await assert.rejects(sending)
  }
  return { end, breakOff }
}

async function statusAt(port: number, id: string): Promise<string> {
  return ((await (await request(port, 'GET', `/${id}`)).json()) as { status: string }).status
}

test('a process that starts leaves alone what another is receiving', async () => {
  await using one = await RunningServer.start(folder)
  const id = await create(one.port)
  const { end } = await begin(one.port, id)
  await using two = await RunningServer.start(folder)
  assert.equal(await statusAt(two.port, id), 'saving')
  assert.equal(await end(), 204)
  assert.equal(await statusAt(two.port, id), 'active')
})

for (const [what, fault] of [
  ['file', 410],
  ['stage', 404],
] as const) {
  test(`an image made again in one process gets nothing of what comes to the other (${what})`, async () => {
    await using one = await RunningServer.start(folder)
    await using two = await RunningServer.start(folder)
    const id = await create(one.port)
    const { end } = await begin(one.port, id, what)
    assert.equal((await request(two.port, 'DELETE', `/${id}`)).status, 204)
    await create(two.port, 'raw', id)
    assert.equal(await send(two.port, id, 'file', new Uint8Array(10)), 409)
    assert.equal(await end(), fault)
    assert.equal(await statusAt(two.port, id), 'queued')
    assert.equal(await send(two.port, id, 'file', new Uint8Array(10).fill(7)), 204)
    const got = await (await request(one.port, 'GET', `/${id}/file`)).arrayBuffer()
    assert.deepEqual(new Uint8Array(got), new Uint8Array(10).fill(7))
    assert.deepEqual(await readdir(join(folder, 'images', 'staged')), [])
    assert.equal((await request(two.port, 'DELETE', `/${id}`)).status, 204)
  })
}

test('an image that is made again takes data though a process was killed in its upload', async () => {
  await using two = await RunningServer.start(folder)
  const one = await RunningServer.start(folder)
  const id = await create(one.port)
  await begin(one.port, id)
  await one.kill()
  assert.equal((await request(two.port, 'DELETE', `/${id}`)).status, 204)
  await create(two.port, 'raw', id)
  const { end } = await begin(two.port, id)
  await using _three = await RunningServer.start(folder)
  assert.equal(await statusAt(two.port, id), 'saving')
  assert.equal(await end(), 204)
  assert.equal(await statusAt(two.port, id), 'active')
})

test('an image whose data a killed process received is queued again by one that runs', async () => {
  await using two = await RunningServer.start(folder)
  const one = await RunningServer.start(folder)
  const id = await create(one.port)
  await begin(one.port, id)
  await one.kill()
  while ((await statusAt(two.port, id)) !== 'queued') await sleep(100)
  assert.equal(await send(two.port, id, 'file', new Uint8Array(10)), 204)
})

test('an upload that breaks off while another process locks the catalogue is undone by itself', async () => {
  await using one = await RunningServer.start(folder)
  const id = await create(one.port)
  const { breakOff } = await begin(one.port, id)
  using database = new Database(join(folder, 'afterimage.db'))
  database.sqlite.exec('BEGIN IMMEDIATE')
  await breakOff()
  await sleep(LOCKED_MS)
  assert.equal(await statusAt(one.port, id), 'saving')
  assert.equal(await send(one.port, id, 'file', new Uint8Array(10)), 409)
  database.sqlite.exec('ROLLBACK')
  while ((await statusAt(one.port, id)) !== 'queued') await sleep(100)
  while ((await send(one.port, id, 'file', new Uint8Array(10))) !== 204) await sleep(100)
})
