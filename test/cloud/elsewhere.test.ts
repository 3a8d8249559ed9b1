import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { isForHere } from '../../src/api/compute/elsewhere.ts'
import { loadConfig } from '../../src/config/load.ts'
import { startAfterimage } from '../../src/server/serve.ts'
import { exchange, type FakeNova, type Seen, startFakeNova } from './fake-nova.ts'
import { PROJECT, type Stand, startStand } from './stand.ts'

const MIB = 1024 * 1024
const SERVERS = `/v2.1/${PROJECT}/servers`

async function startBoth(
  t: TestContext,
  timeoutMs = '400',
): Promise<{ stand: Stand; nova: FakeNova }> {
  const nova = await startFakeNova(t)
  const flags = { 'compute.upstreamUrl': nova.url, 'compute.upstreamTimeoutMs': timeoutMs }
  const stand = await startStand(t, { flags })
  t.after(() => stand[Symbol.asyncDispose]())
  return { stand, nova }
}

function header({ rawHeaders }: Seen, name: string): string | undefined {
  const at = rawHeaders.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name)
  return at === -1 ? undefined : rawHeaders[at + 1]
}

const PATHS: readonly [path: string, isForHere: boolean][] = [
  ['/deprecation', true],
  ['/deprecation?x', true],
  ['/deprecations', false],
  ['/v2.1/abc123/images', true],
  ['/v2/abc123/images/detail?limit=1', true],
  ['/v2.1/images/x/metadata/k', true],
  ['//v2.1//abc123//images', true],
  ['/v2.1/abc123/%69mages', true],
  ['/v2.1/abc123/servers/../images', true],
  ['/v2.1/abc123/images/%zz', true],
  ['*', true],
  ['/', false],
  ['/v2.1', false],
  ['/v2.1/', false],
  ['/v2.1/abc123', false],
  ['/v2.1/abc123/servers', false],
  ['/v2.1/abc123/images/../servers', false],
  ['/v2.1/abc123/imagesque', false],
  ['/v2.1/abc123/os-images/images', false],
  ['/v3/abc123/images', false],
  ['/images', false],
  ['/v2.1/abc123/servers/%zz', false],
]

for (const [path, expected] of PATHS) {
  test(`${path} is ${expected ? '' : 'not '}answered here`, () => {
    assert.equal(isForHere(path), expected)
  })
}

test('what is not about images goes to Nova as it came, and its answer comes back as it is', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (_request, response) => {
    response.sendDate = false
    response.writeHead(299, 'Odd', [
      ['X-Compute-Request-Id', 'req-nova'],
      ['Vary', 'A'],
      ['Vary', 'B'],
      ['Content-Type', 'text/odd'],
      ['X-Hop', 'mine'],
      ['Connection', 'close, X-Hop'],
    ])
    response.end('answer')
  }
  const text = await exchange(
    stand.running.url,
    `PATCH ${SERVERS}//a%2Fb/./x?q=1&q=%zz&r={}|\\ HTTP/1.1\r\nHost: Public.Example:8774\r\n` +
      'X-Auth-Token: secret\r\nX-OpenStack-Request-Id: req-mine\r\nConnection: close, X-Named\r\n' +
      'X-Named: hop\r\nTE: trailers\r\nAccept-Encoding: br\r\nContent-Length: 2\r\n\r\n{}',
  )
  const [seen] = nova.seen
  assert.ok(seen !== undefined)
  assert.equal(seen.method, 'PATCH')
  assert.equal(seen.url, `${SERVERS}//a%2Fb/./x?q=1&q=%zz&r={}|\\`)
  assert.equal(header(seen, 'host'), 'Public.Example:8774')
  assert.equal(header(seen, 'x-auth-token'), 'secret')
  assert.equal(header(seen, 'x-openstack-request-id'), 'req-mine')
  assert.equal(header(seen, 'accept-encoding'), 'br')
  assert.equal(header(seen, 'content-length'), '2')
  assert.equal(header(seen, 'x-named'), undefined)
  assert.equal(header(seen, 'te'), undefined)
  const [head = '', body] = text.split('\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 299 /)
  assert.equal(body, '6\r\nanswer\r\n0')
  const lines = head.toLowerCase().split('\r\n')
  assert.deepEqual(
    lines.filter((line) => /^(x-|vary|content-type|server)/.test(line)),
    ['x-compute-request-id: req-nova', 'vary: a', 'vary: b', 'content-type: text/odd'],
  )
  assert.equal(stand.keystone.requests.length, 0)
})

test('several Connection headers in an answer of Nova name what is not passed on', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (_request, response) => {
    response.writeHead(200, [
      ['Connection', 'X-One'],
      ['Connection', 'X-Two, close'],
      ['X-One', '1'],
      ['X-Two', '2'],
      ['X-Three', '3'],
    ])
    response.end('answer')
  }
  const { status, text, headers } = await stand.ask('servers')
  assert.deepEqual([status, text], [200, 'answer'])
  const passed = ['x-one', 'x-two', 'x-three'].map((name) => headers.get(name))
  assert.deepEqual(passed, [null, null, '3'])
})

test('images are answered here while the rest goes to Nova, version documents included', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (request, response) => response.end(`nova ${request.method} ${request.url}`)
  assert.equal((await stand.ask('images/detail')).status, 200)
  assert.equal((await stand.ask('/v2/images')).status, 200)
  assert.equal((await stand.ask('images', { method: 'POST' })).status, 405)
  assert.equal((await stand.ask('images', { method: 'OPTIONS' })).status, 200)
  assert.equal(nova.seen.length, 0)
  for (const path of ['/', '/v2', '/v2.1/', '/v2.1/abc/servers', '/v2.1/abc/imagesque', '/v3']) {
    assert.equal((await stand.ask(path)).text, `nova GET ${path}`)
  }
  assert.equal((await stand.ask('/', { method: 'OPTIONS' })).text, 'nova OPTIONS /')
  assert.equal((await stand.ask('/healthcheck')).text, 'OK')
})

test('HEAD, 204, 304 and redirects come back as they are', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (_request, response) => response.writeHead(200, { 'content-length': 7 }).end()
  const head = await stand.ask('servers', { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '7'])
  nova.answer = (_request, response) => response.writeHead(204).end()
  assert.equal((await stand.ask('servers/x', { method: 'DELETE' })).status, 204)
  nova.answer = (_request, response) => response.writeHead(304, { etag: '"x"' }).end()
  const same = await stand.ask('servers')
  assert.deepEqual([same.status, same.headers.get('etag')], [304, '"x"'])
  nova.answer = (_request, response) =>
    response.writeHead(302, { location: 'http://elsewhere.test/' }).end('go')
  const moved = await stand.ask('servers')
  assert.deepEqual([moved.status, moved.headers.get('location')], [302, 'http://elsewhere.test/'])
  assert.equal(nova.seen.length, 4)
})

for (const how of ['with its length', 'in chunks'] as const) {
  test(`large bodies pass both ways byte for byte, ${how}`, async (t) => {
    const { stand, nova } = await startBoth(t)
    const pieces = Array.from({ length: 24 }, () => randomBytes(MIB))
    const digest = createHash('sha256')
    for (const piece of pieces) digest.update(piece)
    nova.answer = (request, response) => {
      const { 'content-length': length } = request.headers
      response.writeHead(200, length === undefined ? {} : { 'content-length': length })
      request.pipe(response) // as slowly as it is read
    }
    const length = how === 'in chunks' ? {} : { 'content-length': 24 * MIB }
    const expected = digest.digest('hex')
    assert.equal(await digestOfEcho(stand, pieces, { ...length, expect: '100-continue' }), expected)
    assert.equal(await digestOfEcho(stand, pieces, length), expected)
    const [seen] = nova.seen
    assert.equal(seen && header(seen, 'expect'), undefined)
  })
}

async function digestOfEcho(
  stand: Stand,
  pieces: readonly Buffer[],
  headers: Readonly<Record<string, string | number>>,
): Promise<string> {
  const asking = httpRequest(`${stand.running.url}${SERVERS}`, { method: 'POST', headers })
  if ('expect' in headers) {
    asking.flushHeaders()
    await new Promise((resolve) => asking.once('continue', resolve))
  }
  Readable.from(pieces).pipe(asking)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve)
    asking.once('error', reject)
  })
  assert.equal(answer.statusCode, 200)
  const digest = createHash('sha256')
  for await (const piece of answer) digest.update(piece as Buffer)
  return digest.digest('hex')
}

test('an answer comes piece by piece, not when it is whole', async (t) => {
  const { stand, nova } = await startBoth(t)
  let finish = () => {}
  nova.answer = (_request, response) => {
    response.write('first')
    finish = () => response.end('last')
  }
  const response = await fetch(stand.running.url + SERVERS)
  const reader = response.body?.getReader()
  const first = await reader?.read()
  assert.equal(Buffer.from(first?.value ?? []).toString(), 'first')
  finish()
  const last = await reader?.read()
  assert.equal(Buffer.from(last?.value ?? []).toString(), 'last')
})

test('nothing goes to Nova without one good Host', async (t) => {
  const { stand, nova } = await startBoth(t)
  for (const hosts of ['', 'Host: a\r\nHost: b\r\n', 'Host: a b\r\n', 'Host:\r\n']) {
    for (const version of ['1.0', '1.1']) {
      const text = await exchange(
        stand.running.url,
        `GET ${SERVERS} HTTP/${version}\r\n${hosts}Connection: close\r\n\r\n`,
      )
      assert.match(text, /^HTTP\/1\.1 400 [\s\S]*Host header/, hosts)
    }
  }
  assert.equal(nova.seen.length, 0)
})

test('the address of Nova may end in a version, as service catalogues have it', async (t) => {
  const nova = await startFakeNova(t)
  const flags = { 'compute.upstreamUrl': `${nova.url}/v2.1/` }
  await using stand = await startStand(t, { flags })
  nova.answer = (request, response) => response.end(request.url)
  assert.equal((await stand.ask('servers')).text, SERVERS)
  assert.equal((await stand.ask('/')).text, '/')
})

test('a body on GET goes along', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (request, response) => request.pipe(response)
  const text = await exchange(
    stand.running.url,
    `GET ${SERVERS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody`,
  )
  assert.match(text, /\r\n\r\n4\r\nbody\r\n0\r\n/)
})

interface Fault {
  readonly what: string
  readonly does: FakeNova['answer']
  readonly status: number
  readonly fault: string
}

const FAULTS: readonly Fault[] = [
  {
    what: 'resets',
    does: (request) => request.socket.resetAndDestroy(),
    status: 502,
    fault: 'badGateway',
  },
  {
    what: 'sends no HTTP',
    does: (request) => void request.socket.end('nonsense\r\n\r\n'),
    status: 502,
    fault: 'badGateway',
  },
  { what: 'hangs', does: () => {}, status: 504, fault: 'gatewayTimeout' },
]

for (const { what, does, status, fault } of FAULTS) {
  for (const method of ['GET', 'POST']) {
    // A GET on a connection that is closed before any answer may be sent again.
    const times = method === 'GET' && what === 'resets' ? 2 : 1
    test(`Nova ${what} at a ${method}: ${status} in Nova's shape, asked ${times} times`, async (t) => {
      const { stand, nova } = await startBoth(t)
      nova.answer = does
      const answer = await stand.ask('servers', { method })
      assert.equal(answer.status, status)
      assert.deepEqual(Object.keys(answer.json as object), [fault])
      assert.match(String(answer.headers.get('x-compute-request-id')), /^req-/)
      assert.equal(nova.seen.length, times)
      nova.answer = (_request, response) => response.end('back')
      assert.equal((await stand.ask('servers')).text, 'back')
    })
  }
}

for (const how of ['resets', 'closes']) {
  test(`Nova ${how} in the middle of a large body: 502 in its shape`, async (t) => {
    const { stand, nova } = await startBoth(t)
    nova.answer = (request) => {
      if (how === 'resets') request.socket.resetAndDestroy()
      else request.socket.destroy()
    }
    const text = await exchange(
      stand.running.url,
      `POST ${SERVERS} HTTP/1.1\r\nHost: x\r\nContent-Length: ${8 * MIB}\r\n\r\n${'a'.repeat(MIB)}`,
    )
    assert.match(text, /^HTTP\/1\.1 502 [\s\S]*\r\n\r\n\{"badGateway":/)
    assert.equal(nova.seen.length, 1)
  })
}

test("Nova's own 503 is passed on and not asked again", async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (_request, response) => response.writeHead(503, { 'retry-after': '1' }).end('no')
  const answer = await stand.ask('servers')
  assert.deepEqual([answer.status, answer.text, nova.seen.length], [503, 'no', 1])
})

test('Nova is not there: 503 with Retry-After, images go on, and back at once', async (t) => {
  const { stand, nova } = await startBoth(t)
  await nova.stop()
  const answer = await stand.ask('servers')
  assert.equal(answer.status, 503)
  assert.deepEqual(Object.keys(answer.json as object), ['serviceUnavailable'])
  assert.equal(answer.headers.get('retry-after'), '5')
  assert.doesNotMatch(answer.text, /127\.0\.0\.1/)
  assert.equal((await stand.ask('images/detail')).status, 200)
  await nova.start()
  assert.equal((await stand.ask('servers')).status, 200)
})

test('an answer that breaks is cut here too', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (request, response) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('half', () => request.socket.resetAndDestroy())
  }
  const response = await fetch(stand.running.url + SERVERS)
  await assert.rejects(response.text())
})

test('a caller who hangs up ends the request at Nova, in either direction', async (t) => {
  const { stand, nova } = await startBoth(t, '60000')
  const { port } = new URL(stand.running.url)
  for (const body of ['', 'begun']) {
    const ended = new Promise<void>((resolve) => {
      nova.answer = (request) => {
        request.resume()
        request.socket.once('close', () => resolve())
      }
    })
    const socket = connect(Number(port), '127.0.0.1')
    const length = body === '' ? '' : 'Content-Length: 1000\r\n'
    socket.write(`POST ${SERVERS} HTTP/1.1\r\nHost: x\r\n${length}\r\n${body}`)
    const before = nova.seen.length
    while (nova.seen.length === before) await pause(5)
    socket.destroy()
    await Promise.race([ended, pause(2000).then(() => assert.fail('still asking'))])
  }
  nova.answer = (request, response) => {
    response.write('begun')
    request.socket.once('close', () => response.destroy())
  }
  const leaving = new AbortController()
  await fetch(stand.running.url + SERVERS, { signal: leaving.signal })
  leaving.abort()
  await pause(50)
  // Nobody did anything wrong.
  assert.deepEqual(
    stand.log.filter((line) => /"level":[4-6]0/.test(line)),
    [],
  )
})

test('a wish to upgrade is not passed on, and the connection ends with the answer', async (t) => {
  const { stand, nova } = await startBoth(t)
  nova.answer = (_request, response) => response.end('plain')
  const text = await exchange(
    stand.running.url,
    `GET ${SERVERS} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  )
  assert.match(text, /^HTTP\/1\.1 200 [\s\S]*plain/)
  const [seen] = nova.seen
  assert.equal(seen && header(seen, 'upgrade'), undefined)
})

test('the embedded catalogue may have a Nova behind it too', async (t) => {
  const nova = await startFakeNova(t)
  const dir = mkdtempSync(join(tmpdir(), 'afterimage-elsewhere-'))
  const { config, secrets } = loadConfig({
    flags: {
      data: dir,
      'compute.port': '0',
      'image.port': '0',
      'identity.port': '0',
      'compute.upstreamUrl': `${nova.url}/compute/`,
    },
    environment: {},
    cwd: dir,
  })
  const logger = pino({ level: 'silent' })
  const running = await startAfterimage({ config, secrets, logger, withExample: false })
  t.after(async () => {
    await running.close()
    rmSync(dir, { recursive: true, force: true })
  })
  nova.answer = (request, response) => response.end(request.url)
  const ask = async (path: string) => (await fetch(running.urls.compute + path)).text()
  assert.equal(await ask('/v2.1/abc/servers?a=1'), '/compute/v2.1/abc/servers?a=1')
  assert.match(await ask('/v2.1/images'), /requires authentication/)
  assert.equal(nova.seen.length, 1)
})
