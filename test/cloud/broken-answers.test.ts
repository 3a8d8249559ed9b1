import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { startFakeNova } from './fake-nova.ts'
import { startStand } from './stand.ts'

/** Nova's headers, and nothing after them. */
function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000, 'content-encoding': 'gzip', 'x-nova': '1' })
  response.flushHeaders()
}

interface Break {
  readonly what: string
  readonly does: (request: IncomingMessage, response: ServerResponse) => void
  readonly status: number
}

const BREAKS: readonly Break[] = [
  {
    what: 'resets',
    does: ({ socket }) => setTimeout(() => socket.resetAndDestroy(), 20),
    status: 502,
  },
  { what: 'closes', does: ({ socket }) => setTimeout(() => socket.end(), 20), status: 502 },
  { what: 'hangs', does: () => {}, status: 504 },
]

for (const { what, does, status } of BREAKS) {
  test(`Nova ${what} after its headers: ${status} with nothing of them`, async (t) => {
    const nova = await startFakeNova(t)
    const flags = { 'compute.upstreamUrl': nova.url, 'compute.upstreamTimeoutMs': '400' }
    await using stand = await startStand(t, { flags })
    nova.answer = (request, response) => {
      begin(response)
      does(request, response)
    }
    const answer = await stand.ask('servers')
    assert.equal(answer.status, status, answer.text)
    assert.match(String(answer.headers.get('x-compute-request-id')), /^req-/)
    assert.deepEqual(
      [answer.headers.get('x-nova'), answer.headers.get('content-encoding')],
      [null, null],
    )
    nova.answer = (_request, response) =>
      response.writeHead(200, { 'content-length': 4 }).end('back')
    assert.equal((await stand.ask('servers')).text, 'back')
  })
}

test('a status that is none is a 502, and its answer is not read on', async (t) => {
  const nova = await startFakeNova(t)
  const flags = { 'compute.upstreamUrl': nova.url }
  await using stand = await startStand(t, { flags })
  const closed = new Promise<void>((resolve) => {
    nova.answer = ({ socket }) => {
      socket.once('close', () => resolve())
      socket.on('error', () => undefined)
      socket.write(
        `HTTP/1.1 600 Odd\r\nX-Nova: 1\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(300_000)}`,
      )
    }
  })
  const answer = await stand.ask('servers')
  assert.equal(answer.status, 502)
  assert.deepEqual(Object.keys(answer.json as object), ['badGateway'])
  assert.equal(answer.headers.get('x-nova'), null)
  await closed
  assert.ok(!stand.log.join('').includes('already sent'))
})

test('a caller who hangs up between headers and body ends the request, and nobody is told', async (t) => {
  const nova = await startFakeNova(t)
  await using stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
  const leaving = new AbortController()
  const closed = new Promise<void>((resolve) => {
    nova.answer = (request, response) => {
      request.socket.once('close', () => resolve())
      begin(response)
      setTimeout(() => leaving.abort(), 50)
    }
  })
  await assert.rejects(stand.ask('servers', { signal: leaving.signal }))
  await closed
  assert.deepEqual(
    stand.log.filter((line) => /"level":[4-6]0/.test(line)),
    [],
  )
})
