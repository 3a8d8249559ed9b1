import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Part, say } from '../../server/wire.ts'
import { type DataStand, makeQueued, openDataStand, until } from './data-stand.ts'
import { ask } from './serve.ts'

/** Uploads as no HTTP client would send them, byte by byte. */

const BYTES = { 'content-type': 'application/octet-stream' }

function head(
  id: string,
  headers: Readonly<Record<string, string | number>>,
  what = 'file',
): string {
  const all = {
    Host: 'h',
    'X-Auth-Token': 'member',
    'Content-Type': BYTES['content-type'],
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `PUT /v2/images/${id}/${what} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Sends what there is and leaves the connection open. */
async function begin(port: number, ...parts: readonly (string | Buffer)[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  for (const part of parts) socket.write(part)
  return socket
}

describe('an upload in flight', () => {
  let stand: DataStand
  before(async () => {
    stand = await openDataStand()
  })
  after(() => stand.close())
  const statusOf = async (id: string) => (await stand.image(id)).status
  const filesOf = async (id: string) =>
    (await stand.files()).filter((file) => file.startsWith(id) || file === 'data')

  it('shows as saving, has one writer, and is active at its end', async () => {
    const id = await makeQueued(stand)
    const socket = await begin(stand.port, head(id, { 'Content-Length': 10 }), 'hello')
    await until(async () => (await statusOf(id)) === 'saving')
    const second = await ask(stand, `/v2/images/${id}/file`, {
      method: 'PUT',
      headers: BYTES,
      body: 'other',
    })
    assert.equal(second.status, 409)
    assert.equal((await ask(stand, `/v2/images/${id}/file`)).status, 204)
    socket.write('world')
    await until(async () => (await statusOf(id)) === 'active')
    assert.equal((await ask(stand, `/v2/images/${id}/file`)).text, 'helloworld')
    socket.destroy()
  })

  for (const how of ['Content-Length', 'Transfer-Encoding'] as const) {
    it(`leaves the image queued and no file when it breaks off (${how})`, async () => {
      const id = await makeQueued(stand)
      const headers = how === 'Content-Length' ? { [how]: 3_000_000 } : { [how]: 'chunked' }
      const piece = how === 'Content-Length' ? Buffer.alloc(2_500_000) : '3\r\nabc\r\n'
      const socket = await begin(stand.port, head(id, headers), piece)
      await until(async () => (await statusOf(id)) === 'saving')
      await until(async () => (await filesOf(id)).length > 0)
      socket.destroy()
      await until(async () => (await statusOf(id)) === 'queued')
      await until(async () => (await filesOf(id)).length === 0)
      const { sizeBytes, checksum } = await stand.image(id)
      assert.deepEqual([sizeBytes, checksum], [null, null])
      assert.deepEqual(stand.warnings, [], 'a caller who leaves is no trouble of ours')
      const put = { method: 'PUT', headers: BYTES, body: 'whole' }
      let status = 409
      await until(async () => {
        status = (await ask(stand, `/v2/images/${id}/file`, put)).status
        return status !== 409 // the claim ends a moment after the row is queued again
      })
      assert.equal(status, 204)
    })
  }

  it('leaves a staged upload that breaks off queued, too', async () => {
    const id = await makeQueued(stand)
    const socket = await begin(stand.port, head(id, { 'Content-Length': 10 }, 'stage'), 'hello')
    await until(async () => (await statusOf(id)) === 'uploading')
    const early = await ask(stand, `/v2/images/${id}/import`, {
      method: 'POST',
      body: { method: { name: 'glance-direct' } },
    })
    assert.equal(early.status, 409)
    socket.destroy()
    await until(async () => (await statusOf(id)) === 'queued')
    await until(async () => (await filesOf(id)).length === 0)
  })

  it('that is no valid chunk is a 400 and leaves the image queued', async () => {
    const id = await makeQueued(stand)
    const heard = await say(stand.port, [
      head(id, { 'Transfer-Encoding': 'chunked' }),
      '3\r\nabc\r\n',
      50,
      'zz\r\n',
    ])
    assert.equal(heard.answers[0]?.status, 400)
    await until(async () => (await statusOf(id)) === 'queued')
    await until(async () => (await filesOf(id)).length === 0)
  })

  it('takes no more than its Content-Length says', async () => {
    const id = await makeQueued(stand)
    const heard = await say(stand.port, [
      head(id, { 'Content-Length': 5 }),
      'hello and more\r\n\r\n',
    ])
    assert.deepEqual(
      heard.answers.map(({ status }) => status),
      [204, 400],
    )
    assert.equal((await ask(stand, `/v2/images/${id}/file`)).text, 'hello')
  })

  it('whose image is deleted meanwhile is gone at its end', async () => {
    const id = await makeQueued(stand)
    const socket = await begin(stand.port, head(id, { 'Content-Length': 10 }), 'hello')
    await until(async () => (await statusOf(id)) === 'saving')
    assert.equal((await ask(stand, `/v2/images/${id}`, { method: 'DELETE' })).status, 204)
    const answer = new Promise<string>((resolve) => {
      socket.once('data', (bytes) => resolve(bytes.toString()))
    })
    socket.write('world')
    assert.match(await answer, /^HTTP\/1.1 410 /)
    assert.deepEqual(await filesOf(id), [])
    socket.destroy()
  })

  it('is asked for by 100 Continue only when it is wanted', async () => {
    const id = await makeQueued(stand)
    const expect = { Expect: '100-continue', 'Content-Length': 5 }
    const wanted = await say(stand.port, [head(id, expect), 100, 'hello'], { until: 1 })
    assert.deepEqual([wanted.continues, wanted.answers[0]?.status], [1, 204])
    const unwanted = await say(stand.port, [head(id, expect)])
    assert.deepEqual([unwanted.continues, unwanted.answers[0]?.status], [0, 409])
    assert.ok(unwanted.isClosed)
  })

  it('that is refused closes the connection without being read to its end', async () => {
    const id = await makeQueued(stand)
    const parts: Part[] = [head(id, { 'Content-Length': 1_000_000_000, 'X-Auth-Token': 'reader' })]
    const heard = await say(stand.port, [...parts, Buffer.alloc(100_000)])
    assert.equal(heard.answers[0]?.status, 403)
    assert.ok(heard.isClosed)
  })

  it('gives all of a file that is deleted while it is read', async () => {
    const id = await makeQueued(stand)
    const body = 'x'.repeat(20_000_000)
    await ask(stand, `/v2/images/${id}/file`, { method: 'PUT', headers: BYTES, body })
    const socket = await begin(
      stand.port,
      `GET /v2/images/${id}/file HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member\r\nConnection: close\r\n\r\n`,
    )
    socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal((await ask(stand, `/v2/images/${id}`, { method: 'DELETE' })).status, 204)
    assert.deepEqual(await filesOf(id), [])
    const hash = createHash('sha1')
    let bytes = 0
    for await (const piece of socket) {
      const part = bytes === 0 ? piece.subarray(piece.indexOf('\r\n\r\n') + 4) : piece
      bytes += part.length
      hash.update(part)
    }
    assert.equal(bytes, body.length)
    assert.equal(hash.digest('hex'), createHash('sha1').update(body).digest('hex'))
  })
})

describe('limits of an upload', () => {
  it('is too large by its Content-Length, before any byte came', async (t) => {
    const stand = await openDataStand({ sizeBytesMax: 1000 })
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const heard = await say(stand.port, [
      head(id, { 'Content-Length': 1001, Expect: '100-continue' }),
    ])
    assert.deepEqual([heard.continues, heard.answers[0]?.status], [0, 413])
    assert.equal((await stand.image(id)).status, 'queued')
  })

  it('is too large as it comes, and leaves the image queued and no file', async (t) => {
    const stand = await openDataStand({ sizeBytesMax: 1000 })
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const heard = await say(stand.port, [
      head(id, { 'Transfer-Encoding': 'chunked' }),
      `3e9\r\n${'x'.repeat(1001)}\r\n`,
    ])
    assert.equal(heard.answers[0]?.status, 413)
    assert.match(heard.answers[0]?.body ?? '', /The incoming image is too large/)
    await until(async () => (await stand.image(id)).status === 'queued')
    assert.deepEqual(await stand.files(), [])
    const fits = { method: 'PUT', headers: BYTES, body: 'x'.repeat(1000) }
    assert.equal((await ask(stand, `/v2/images/${id}/file`, fits)).status, 204)
  })

  it('stops before the disk is fuller than it may be', async (t) => {
    const stand = await openDataStand({ freeBytesMin: 100 * 2 ** 40 })
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const put = { method: 'PUT', headers: BYTES, body: 'x' }
    const full = await ask(stand, `/v2/images/${id}/file`, put)
    assert.equal(full.status, 413)
    assert.match(full.text, /Image storage media is full/)
    assert.equal((await ask(stand, `/v2/images/${id}/stage`, put)).status, 413)
    assert.equal((await stand.image(id)).status, 'queued')
  })

  it('is told to come later while as many are under way as may be', async (t) => {
    const stand = await openDataStand({ uploadsMax: 1 })
    t.after(() => stand.close())
    const [id, other] = [await makeQueued(stand), await makeQueued(stand)]
    const socket = await begin(stand.port, head(id, { 'Content-Length': 10 }), 'hello')
    await until(async () => (await stand.image(id)).status === 'saving')
    const put = { method: 'PUT', headers: BYTES, body: 'x' }
    for (const what of ['file', 'stage']) {
      const refused = await ask(stand, `/v2/images/${other}/${what}`, put)
      assert.equal(refused.status, 503)
      assert.match(refused.text, /Too many images are being uploaded/)
      assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
    }
    assert.equal((await stand.image(other)).status, 'queued')
    socket.write('world')
    await until(async () => (await stand.image(id)).status === 'active')
    assert.equal((await ask(stand, `/v2/images/${other}/file`, put)).status, 204)
    socket.destroy()
  })

  it('may take longer than a request may, as long as bytes come', async (t) => {
    const limits = { requestTimeoutMs: 300, headersTimeoutMs: 200, timeoutCheckIntervalMs: 50 }
    const stand = await openDataStand({}, limits)
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const slowly = Array.from({ length: 10 }, (): Part[] => ['x', 100]).flat()
    const heard = await say(stand.port, [head(id, { 'Content-Length': 10 }), ...slowly], {
      until: 1,
    })
    assert.equal(heard.answers[0]?.status, 204)
    const json = `POST /v2/images HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member\r\nContent-Length: 10\r\n\r\n`
    const slowJson = await say(stand.port, [json, ...slowly])
    assert.equal(slowJson.answers[0]?.status, 408)
  })

  it('may take longer on a connection that an upload has used before, and JSON may not', async (t) => {
    const limits = { requestTimeoutMs: 300, headersTimeoutMs: 200, timeoutCheckIntervalMs: 50 }
    const stand = await openDataStand({}, limits)
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const slowly = Array.from({ length: 6 }, (): Part[] => ['x', 100]).flat()
    const json = `POST /v2/images HTTP/1.1\r\nHost: h\r\nX-Auth-Token: member\r\nContent-Length: 60\r\n\r\n`
    const heard = await say(stand.port, [
      head(id, { 'Content-Length': 6 }),
      ...slowly,
      json,
      ...slowly,
    ])
    assert.deepEqual(
      heard.answers.map(({ status }) => status),
      [204, 408],
    )
  })

  it('may not pause for longer than a connection may be idle', async (t) => {
    const stand = await openDataStand({}, { idleTimeoutMs: 200 })
    t.after(() => stand.close())
    const id = await makeQueued(stand)
    const socket = await begin(stand.port, head(id, { 'Content-Length': 10 }), 'hello')
    await new Promise((resolve) => socket.once('close', resolve))
    await until(async () => (await stand.image(id)).status === 'queued')
  })
})

describe('data that is not of the declared format', () => {
  const qcow2 = Buffer.alloc(200)
  qcow2.write('QFI\xfb', 'latin1')
  qcow2.writeUInt32BE(3, 4)
  qcow2.writeBigUInt64BE(10n * 2n ** 30n, 24)
  const upload = (stand: DataStand, id: string) =>
    say(stand.port, [head(id, { 'Content-Length': qcow2.length }), qcow2], { until: 1 })

  it('is told to the operator; what fits gives the virtual size', async (t) => {
    const stand = await openDataStand()
    t.after(() => stand.close())
    const fitting = await makeQueued(stand, { diskFormat: 'qcow2' })
    await upload(stand, fitting)
    assert.equal((await stand.image(fitting)).virtualSizeBytes, 10 * 2 ** 30)
    assert.deepEqual(stand.warnings, [])
    const other = await makeQueued(stand, { diskFormat: 'vmdk' })
    assert.equal((await upload(stand, other)).answers[0]?.status, 204)
    assert.equal((await stand.image(other)).virtualSizeBytes, null)
    assert.match(stand.warnings[0] ?? '', /"declared":"vmdk","found":"qcow2"/)
    const packed = await makeQueued(stand, { diskFormat: 'vmdk', containerFormat: 'ova' })
    await upload(stand, packed)
    assert.equal(stand.warnings.length, 1)
  })

  it('is refused where a match is required', async (t) => {
    const stand = await openDataStand({ requireFormatMatch: true })
    t.after(() => stand.close())
    const raw = await makeQueued(stand, { diskFormat: 'raw' })
    const heard = await upload(stand, raw)
    assert.equal(heard.answers[0]?.status, 415)
    assert.match(heard.answers[0]?.body ?? '', /disk_format is raw, but its data is qcow2/)
    assert.equal((await stand.image(raw)).status, 'queued')
    assert.deepEqual(await stand.files(), [])
    const fitting = await makeQueued(stand, { diskFormat: 'qcow2' })
    assert.equal((await upload(stand, fitting)).answers[0]?.status, 204)
  })
})
