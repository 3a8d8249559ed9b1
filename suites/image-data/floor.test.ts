import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { test } from 'node:test'
import { CANNOT_MOUNT, mountMemory } from '../files/mounts.ts'
import { create, request } from './client.ts'
import { RunningServer } from './run-server.ts'

/** The free-space floor under uploads through two servers at once. */

const MIB = 1024 * 1024
const DISK_MIB = 96
const FLOOR_MIB = 32
/** What the catalogue and its write-ahead log take, which no floor holds up. */
const CATALOGUE_MIB = 4
const UPLOADS = 10
const UPLOAD_MIB = 12

/** Sends a body of no known length, a MiB at a time. @returns the status */
async function sendChunks(port: number, id: string): Promise<number> {
  let left = UPLOAD_MIB
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise(setImmediate)
      if (left === 0) return controller.close()
      left -= 1
      controller.enqueue(new Uint8Array(MIB))
    },
  })
  const response = await fetch(`http://127.0.0.1:${port}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'any', 'content-type': 'application/octet-stream' },
    body,
    duplex: 'half',
  })
  await response.arrayBuffer()
  return response.status
}

test('uploads of unknown length through two servers together leave the floor free', {
  skip: CANNOT_MOUNT,
}, async (t) => {
  using mount = mountMemory(DISK_MIB * 1024)
  const settings = { freeBytesMin: FLOOR_MIB * MIB }
  await using one = await RunningServer.start(mount.path, settings)
  await using two = await RunningServer.start(mount.path, settings)
  const freeMib = () => {
    const { bavail, bsize } = statfsSync(mount.path)
    return (bavail * bsize) / MIB
  }
  let lowestMib = freeMib()
  const watch = setInterval(() => {
    lowestMib = Math.min(lowestMib, freeMib())
  }, 1)
  t.after(() => clearInterval(watch))
  const ids = await Promise.all(Array.from({ length: UPLOADS }, () => create(one.port)))
  const statuses = await Promise.all(
    ids.map((id, at) => sendChunks((at % 2 === 0 ? one : two).port, id)),
  )
  const stored = statuses.filter((status) => status === 204).length
  t.diagnostic(`${stored} of ${UPLOADS} were stored, ${lowestMib.toFixed(1)} MiB were left free`)
  assert.ok(statuses.every((status) => status === 204 || status === 413))
  assert.ok(stored >= 2 && stored < UPLOADS)
  assert.ok(Math.min(lowestMib, freeMib()) >= FLOOR_MIB - CATALOGUE_MIB)
  for (const id of ids) assert.equal((await request(two.port, 'DELETE', `/${id}`)).status, 204)
  const alone = await create(two.port)
  assert.equal(await sendChunks(two.port, alone), 204)
})

test('what a server that was killed had still to receive is free again', {
  skip: CANNOT_MOUNT,
}, async () => {
  using mount = mountMemory(DISK_MIB * 1024)
  const settings = { freeBytesMin: FLOOR_MIB * MIB, uploadsMax: 1 }
  const one = await RunningServer.start(mount.path, settings)
  await using two = await RunningServer.start(mount.path, settings)
  const [first, second] = [await create(one.port), await create(two.port)]
  const held = fetch(`http://127.0.0.1:${one.port}/v2/images/${first}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'any', 'content-type': 'application/octet-stream' },
    body: new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }),
    duplex: 'half',
  })
  held.catch(() => undefined)
  const shown = async () =>
    ((await (await request(two.port, 'GET', `/${first}`)).json()) as { status: string }).status
  while ((await shown()) !== 'saving') await new Promise((next) => setTimeout(next, 10))
  const refused = await request(two.port, 'PUT', `/${second}/file`, new Uint8Array(1), {
    'content-type': 'application/octet-stream',
  })
  assert.equal(refused.status, 503)
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  await one.kill()
  await assert.rejects(held)
  assert.equal(await sendChunks(two.port, second), 204)
})
