import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Upstream } from '../../src/upstream/upstream.ts'
import { fakeUpstream, json } from './fake-upstream.ts'

/** A certificate for 127.0.0.1 and localhost, its key, and the authority that signed it; for tests alone. */
const path = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url))
const tls = {
  key: readFileSync(path('server.key'), 'utf8'),
  cert: readFileSync(path('server.pem'), 'utf8'),
}

async function ask(t: TestContext, change: (url: string) => string, caFile?: string) {
  const fake = await fakeUpstream(t, { tls })
  fake.behave(json(200, {}))
  const upstream = new Upstream({
    name: 'Glance',
    urls: [change(fake.url)],
    ...(caFile === undefined ? {} : { caFile }),
  })
  t.after(() => upstream.close())
  return upstream.request({ method: 'GET', path: '/', requestId: 'req-1' })
}

test('a service is trusted by a CA file, by name and by address', async (t) => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const answer = await ask(t, (url) => url.replace('127.0.0.1', host), path('ca.pem'))
    assert.equal(answer.status, 200)
  }
})

test('without the CA file, and for another name, it is "unreachable", and says why', async (t) => {
  await assert.rejects(
    ask(t, (url) => url),
    (error: Error & { code?: string; detail?: string }) => {
      assert.equal(error.code, 'unreachable')
      assert.match(error.detail ?? '', /certificate/i)
      return true
    },
  )
  const other = (url: string) => url.replace('127.0.0.1', '127.0.0.2')
  await assert.rejects(ask(t, other, path('ca.pem')), { code: 'unreachable' })
})

test('a connection that is never made is given up in time, and its socket with it', async (t) => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    sockets.add(socket)
    socket.resume().on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const upstream = new Upstream({
    name: 'Glance',
    urls: [`https://127.0.0.1:${port}`],
    limits: { connectTimeoutMs: 100, answerTimeoutMs: 2000 },
  })
  t.after(() => upstream.close())
  const startMs = performance.now()
  await assert.rejects(upstream.request({ method: 'GET', path: '/', requestId: 'req-1' }), {
    code: 'timeout',
  })
  assert.ok(performance.now() - startMs < 600)
  assert.equal(upstream.stats().running, 0)
  const endMs = performance.now() + 3000
  while (sockets.size > 0) {
    assert.ok(performance.now() < endMs, 'the socket is still open')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

test('a CA file that is not there is an error at once', () => {
  assert.throws(
    () => new Upstream({ name: 'Glance', urls: ['https://127.0.0.1'], caFile: path('none.pem') }),
    /ENOENT.*none\.pem/,
  )
})
