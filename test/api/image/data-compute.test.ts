import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { startServer, TOKEN } from '../../server/stand.ts'
import { type DataStand, makeQueued, openDataStand, until } from './data-stand.ts'
import { ask, PROJECT, type Served } from './serve.ts'

/**
 * What Compute shows of an image while its data is uploaded through the Image API, over one
 * catalogue.
 */

let stand: DataStand
let compute: Served
before(async () => {
  stand = await openDataStand()
  compute = await startServer({ catalogue: stand.catalogue })
})
after(async () => {
  await compute.close()
  await stand.close()
})

async function shown(id: string): Promise<readonly unknown[]> {
  const path = `/v2.1/${PROJECT}/images/detail`
  const { json } = await ask(compute, path, { token: TOKEN })
  const { images } = json as { images: readonly Record<string, unknown>[] }
  const image = images.find((one) => one['id'] === id)
  return [image?.['status'], image?.['progress'], image?.['OS-EXT-IMG-SIZE:size']]
}

test('an image is SAVING 25, SAVING 50 and ACTIVE 100, and gone in both when it is deleted', async () => {
  const id = await makeQueued(stand)
  assert.deepEqual((await shown(id)).slice(0, 2), ['SAVING', 25])
  const socket = connect(stand.port, '127.0.0.1')
  socket.write(
    `PUT /v2/images/${id}/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member\r\n` +
      'Content-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\nhello',
  )
  await until(async () => (await shown(id))[1] === 50)
  assert.equal((await shown(id))[0], 'SAVING')
  socket.write('world')
  await until(async () => (await shown(id))[1] === 100)
  assert.deepEqual(await shown(id), ['ACTIVE', 100, 10])
  socket.destroy()

  const path = `/v2.1/${PROJECT}/images/${id}`
  const deleted = await ask(compute, path, { method: 'DELETE', token: TOKEN })
  assert.equal(deleted.status, 204)
  assert.deepEqual(await stand.files(), [], 'the bytes are freed')
  assert.equal((await ask(stand, `/v2/images/${id}/file`)).status, 404)
})
