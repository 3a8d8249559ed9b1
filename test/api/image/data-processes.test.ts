import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type DataStand, makeQueued, openStandOver, until } from './data-stand.ts'
import { ask } from './serve.ts'

/**
 * Two faces over one data folder, each with a database, a presence and claims of its own, as two
 * processes have them. `one` is still receiving data for an image that is deleted, and made again
 * with the same id, through `two`.
 */

const BYTES = { 'content-type': 'application/octet-stream' }

let folder = ''
let one: DataStand
let two: DataStand
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-two-'))
  one = await openStandOver(folder)
  two = await openStandOver(folder)
})
after(async () => {
  await one.close()
  await two.close()
  await rm(folder, { recursive: true })
})

interface Sending {
  /** Sends the rest and gives the status of the answer. */
  end(rest: string): Promise<number | undefined>
  breakOff(): void
}

/** Sends the head and the first bytes, and waits until the image shows that they come. */
async function begin(stand: DataStand, id: string, what: 'file' | 'stage'): Promise<Sending> {
  const headers = { ...BYTES, 'x-auth-token': 'member' }
  const path = `/v2/images/${id}/${what}`
  const sent = request({ port: stand.port, method: 'PUT', path, headers })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
  })
  answered.catch(() => undefined)
  sent.write('old ')
  const status = what === 'file' ? 'saving' : 'uploading'
  await until(async () => (await stand.image(id)).status === status)
  return {
    end: (rest) => {
      sent.end(rest)
      return answered
    },
    breakOff: () => sent.destroy(),
  }
}

async function makeAgain(id: string): Promise<void> {
  assert.equal((await ask(two, `/v2/images/${id}`, { method: 'DELETE' })).status, 204)
  const body = { id, name: 'again', disk_format: 'raw', container_format: 'bare' }
  assert.equal((await ask(two, '/v2/images', { method: 'POST', body })).status, 201)
}

const put = (stand: DataStand, id: string, body: string, what = 'file') =>
  ask(stand, `/v2/images/${id}/${what}`, { method: 'PUT', headers: BYTES, body })
const importOf = (stand: DataStand, id: string) =>
  ask(stand, `/v2/images/${id}/import`, {
    method: 'POST',
    body: { method: { name: 'glance-direct' } },
  })
const filesOf = async (id: string) =>
  (await one.files()).filter((file) => file.startsWith(id) || file === 'data')

/** The new image waits for its data, gets it, and shows nothing else. */
async function checkAnew(id: string): Promise<void> {
  await until(async () => (await filesOf(id)).length === 0)
  const { name, status, sizeBytes, checksum } = await two.image(id)
  assert.deepEqual([name, status, sizeBytes, checksum], ['again', 'queued', null, null])
  // An upload that broke off gives up its claim a moment after its bytes.
  let last = 409
  await until(async () => {
    last = (await put(two, id, 'new')).status
    return last !== 409
  })
  assert.equal(last, 204)
  for (const stand of [one, two]) {
    assert.equal((await ask(stand, `/v2/images/${id}/file`)).text, 'new')
  }
}

describe('an image that is made again while another process receives its data of before', () => {
  it('takes no data while that upload goes on, which ends with 410', async () => {
    const id = await makeQueued(one)
    const upload = await begin(one, id, 'file')
    await makeAgain(id)
    const early = await put(two, id, 'new')
    assert.equal(early.status, 409)
    assert.match(early.text, /Data for this image is being received already/)
    assert.equal((await put(two, id, 'new', 'stage')).status, 409)
    assert.equal((await two.image(id)).status, 'queued')
    assert.equal(await upload.end('data'), 410)
    await checkAnew(id)
  })

  it('stays queued when that upload breaks off', async () => {
    const id = await makeQueued(one)
    const upload = await begin(one, id, 'file')
    await makeAgain(id)
    upload.breakOff()
    await checkAnew(id)
  })

  it('does not get what was staged for the image of before, which ends with 404', async () => {
    const id = await makeQueued(one)
    const staging = await begin(one, id, 'stage')
    await makeAgain(id)
    assert.equal(await staging.end('data'), 404)
    assert.equal((await importOf(two, id)).status, 409)
    await checkAnew(id)
  })

  it('does not get what was staged whole, whichever process is asked to import it', async () => {
    const id = await makeQueued(one)
    assert.equal((await put(one, id, 'old data', 'stage')).status, 204)
    await makeAgain(id)
    for (const stand of [one, two]) assert.equal((await importOf(stand, id)).status, 409)
    await checkAnew(id)
  })

  it('is not shown with the bytes of before', async () => {
    const id = await makeQueued(one)
    await put(one, id, 'old data')
    assert.equal((await ask(two, `/v2/images/${id}/file`)).text, 'old data')
    await makeAgain(id)
    for (const stand of [one, two]) {
      assert.equal((await ask(stand, `/v2/images/${id}/file`)).status, 204)
    }
    await checkAnew(id)
  })
})

describe('one image and two processes', () => {
  it('have one upload at a time', async () => {
    const id = await makeQueued(one)
    const upload = await begin(one, id, 'file')
    assert.equal((await put(two, id, 'other')).status, 409)
    assert.equal(await upload.end('data'), 204)
    assert.equal((await ask(two, `/v2/images/${id}/file`)).text, 'old data')
    assert.equal((await put(two, id, 'other')).status, 409)
  })

  it('have one of two uploads that begin at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await makeQueued(one)
      const both = await Promise.all([put(one, id, 'from one'), put(two, id, 'from two')])
      assert.deepEqual(both.map(({ status }) => status).sort(), [204, 409])
      const winner = both[0]?.status === 204 ? 'from one' : 'from two'
      assert.equal((await ask(one, `/v2/images/${id}/file`)).text, winner)
    }
  })
})
