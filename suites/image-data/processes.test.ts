import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { create, request, send } from './client.ts'
import { RunningServer } from './run-server.ts'

/** Several servers over one data folder. */

const ROUNDS = 20
const BYTES = 2_000_000

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

test('a process that starts leaves alone what another is receiving', async () => {
  await using one = await RunningServer.start(folder)
  const id = await create(one.port)
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(BYTES))
      await promise
      controller.enqueue(new Uint8Array(BYTES))
      controller.close()
    },
  })
  const sending = fetch(`http://127.0.0.1:${one.port}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'any', 'content-type': 'application/octet-stream' },
    body,
    duplex: 'half',
  })
  const statusAt = async (port: number) =>
    ((await (await request(port, 'GET', `/${id}`)).json()) as { status: string }).status
  while ((await statusAt(one.port)) !== 'saving') await new Promise((next) => setTimeout(next, 10))
  await using two = await RunningServer.start(folder)
  assert.equal(await statusAt(two.port), 'saving')
  resolve()
  assert.equal((await sending).status, 204)
  assert.equal(await statusAt(two.port), 'active')
})
