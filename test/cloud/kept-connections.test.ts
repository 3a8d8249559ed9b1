import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFakeNova } from './fake-nova.ts'
import { startStand } from './stand.ts'

/**
 * Requests for which Nova closes a kept connection, or answers before it has read the whole body.
 */

const MIB = 1024 * 1024

test('a request that can be sent again goes over a new connection where the kept one is closed', async (t) => {
  const nova = await startFakeNova(t)
  await using stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    nova.answer = (_request, response) => response.end('kept')
    assert.equal((await stand.ask('servers', { method })).status, 200)
    // The kept connection is closed at the moment at which it is used again; a new one is served.
    const known = nova.seen.length
    nova.answer = (request, response) => {
      if (nova.seen.length === known + 1) request.socket.destroy()
      else response.end('new')
    }
    const answer = await stand.ask('servers', { method })
    assert.equal(answer.status, 200, method)
    if (method === 'GET') assert.equal(answer.text, 'new')
    assert.equal(nova.seen.length, known + 2)
  }
})

test('a write that Nova may have done already is not sent again', async (t) => {
  const nova = await startFakeNova(t)
  await using stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
  nova.answer = (request) => {
    request.resume()
    request.once('end', () => request.socket.destroy())
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const known = nova.seen.length
    const body = method === 'DELETE' ? {} : { body: '{"server": {}}' }
    const answer = await stand.ask('servers', { method, ...body })
    assert.equal(answer.status, 502, method)
    assert.equal(nova.seen.length, known + 1, method)
  }
})

test('a Nova that closes every connection is asked twice, and is a 502', async (t) => {
  const nova = await startFakeNova(t)
  await using stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
  nova.answer = ({ socket }) => socket.destroy()
  assert.equal((await stand.ask('servers')).status, 502)
  assert.equal(nova.seen.length, 2)
})

for (const ending of ['keeps', 'closes', 'resets'] as const) {
  test(`an answer that comes before a large body has been sent reaches the caller; Nova ${ending} the connection`, async (t) => {
    const nova = await startFakeNova(t)
    await using stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
    nova.answer = (asked, response) => {
      response.writeHead(413, {
        'content-length': 9,
        ...(ending === 'keeps' ? {} : { connection: 'close' }),
      })
      response.end('too large', async () => {
        if (ending === 'closes') asked.socket.destroySoon()
        if (ending === 'resets') {
          await sleep(20)
          asked.socket.resetAndDestroy()
        }
      })
    }
    for (let n = 0; n < 5; n += 1) {
      assert.deepEqual(await upload(stand.running.url, 64 * MIB), {
        status: 413,
        text: 'too large',
      })
    }
  })
}

/** As curl does: reads while it sends, and stops sending when there is an answer. */
function upload(base: string, bytes: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const url = new URL('/v2.1/servers', base)
    const headers = { 'content-length': bytes, 'content-type': 'application/octet-stream' }
    const sent = request(url, { method: 'POST', headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece) => {
        text += piece
      })
      answer.once('end', () => {
        resolve({ status: answer.statusCode ?? 0, text })
        sent.destroy()
      })
      answer.once('error', reject)
    })
    sent.on('error', reject)
    const piece = Buffer.alloc(MIB)
    let left = bytes
    const go = () => {
      while (left > 0) {
        left -= piece.length
        if (!sent.write(piece)) return void sent.once('drain', go)
      }
      sent.end()
    }
    go()
  })
}
