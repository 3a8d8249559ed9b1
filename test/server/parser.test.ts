import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertFault, assertRefused } from './fault.ts'
import { IMAGE_ID, LIST, PROJECT, request, type Stand, startServer } from './stand.ts'
import { say } from './wire.ts'

let stand: Stand

before(async () => {
  stand = await startServer()
})
after(() => stand.close())

const HEAD = 'Host: cloud.test\r\nX-Auth-Token: good\r\n'
const METADATA = `/v2.1/${PROJECT}/images/${IMAGE_ID}/metadata`
const put = (headers: string, body: string) =>
  `PUT ${METADATA} HTTP/1.1\r\n${HEAD}${headers}\r\n${body}`

const NOT_HTTP: Readonly<Record<string, string>> = {
  'a method that is no token': `G(T ${LIST} HTTP/1.1\r\n${HEAD}\r\n`,
  'a method in lower case': `get ${LIST} HTTP/1.1\r\n${HEAD}\r\n`,
  'a method that HTTP does not know': `FOO ${LIST} HTTP/1.1\r\n${HEAD}\r\n`,
  'a method of 60,000 letters': `${'G'.repeat(60_000)} ${LIST} HTTP/1.1\r\n${HEAD}\r\n`,
  'a version that does not exist': `GET ${LIST} HTTP/9.9\r\n${HEAD}\r\n`,
  'a version that is a word': `GET ${LIST} HTTP/one\r\n${HEAD}\r\n`,
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'the method PRI': `PRI ${LIST} HTTP/1.1\r\n${HEAD}\r\n`,
  'a TLS handshake': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'a header without a colon': `GET ${LIST} HTTP/1.1\r\n${HEAD}abc\r\n\r\n`,
  'a header without a name': `GET ${LIST} HTTP/1.1\r\n${HEAD}: abc\r\n\r\n`,
  'a header name with a space': `GET ${LIST} HTTP/1.1\r\n${HEAD}a b: c\r\n\r\n`,
  'a space before the colon': `GET ${LIST} HTTP/1.1\r\n${HEAD}abc : d\r\n\r\n`,
  'a NUL in a header': `GET ${LIST} HTTP/1.1\r\n${HEAD}X: a\0b\r\n\r\n`,
  'a bare CR in a header': `GET ${LIST} HTTP/1.1\r\n${HEAD}X: a\rb\r\n\r\n`,
  'lines that end in LF alone': `GET ${LIST} HTTP/1.1\nHost: cloud.test\n\n`,
  'a folded header': `GET ${LIST} HTTP/1.1\r\n${HEAD}X: a\r\n b\r\n\r\n`,
  'a NUL in the target': `GET ${LIST}\0 HTTP/1.1\r\n${HEAD}\r\n`,
  'a space in the target': `GET ${LIST}?name=a b HTTP/1.1\r\n${HEAD}\r\n`,
  'a raw byte above ASCII in the path': `GET ${LIST}\xe9 HTTP/1.1\r\n${HEAD}\r\n`,
  'a raw byte above ASCII in the query': `GET ${LIST}?name=\xc3\xa9 HTTP/1.1\r\n${HEAD}\r\n`,
  'a target without a slash': `GET images HTTP/1.1\r\n${HEAD}\r\n`,
  'a target that is a query alone': `GET ?limit=1 HTTP/1.1\r\n${HEAD}\r\n`,
  'Content-Length and Transfer-Encoding': put(
    'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
    '3\r\nabc\r\n0\r\n\r\n',
  ),
  'Content-Length twice': put('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'),
  'two Content-Lengths that differ': put('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'),
  'two lengths in one Content-Length': put('Content-Length: 2, 2\r\n', '{}'),
  'a negative Content-Length': put('Content-Length: -2\r\n', '{}'),
  'a Content-Length with a plus': put('Content-Length: +2\r\n', '{}'),
  'a Content-Length in hex': put('Content-Length: 0x2\r\n', '{}'),
  'a Content-Length beyond 64 bits': put(`Content-Length: ${'9'.repeat(30)}\r\n`, '{}'),
  'an empty Content-Length': put('Content-Length:\r\n', '{}'),
  'a Transfer-Encoding that is not chunked': put('Transfer-Encoding: gzip\r\n', 'abc'),
  'chunked before another encoding': put('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'),
  'a chunk size that is no number': put('Transfer-Encoding: chunked\r\n', 'zz\r\nabc\r\n'),
  'a negative chunk size': put('Transfer-Encoding: chunked\r\n', '-1\r\nabc\r\n'),
  'a chunk size beyond 64 bits': put('Transfer-Encoding: chunked\r\n', `${'f'.repeat(17)}\r\nabc`),
  'a chunk longer than it says': put('Transfer-Encoding: chunked\r\n', '2\r\nabcdef\r\n0\r\n\r\n'),
  'a flood of chunk extensions': put(
    'Transfer-Encoding: chunked\r\n',
    `2;${'a'.repeat(70_000)}\r\n{}\r\n0\r\n\r\n`,
  ),
}

for (const [what, bytes] of Object.entries(NOT_HTTP)) {
  test(`${what} is a 400 in shape, with a request id, and the end of the connection`, async () => {
    assertRefused(await say(stand.port, bytes), 400)
  })
}

test('a body whose later chunk is broken gets its one answer', async () => {
  const sent = put('Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n')
  assertRefused(await say(stand.port, [sent, 30, 'zz\r\n']), 400)
})

test('a request that was answered by its headers gets no second answer for its broken body', async () => {
  const head = `PUT ${METADATA} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`
  const { answers, isClosed } = await say(stand.port, [head, 30, 'zz\r\n'])
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [401],
  )
  assert.ok(isClosed)
})

test('requests that came whole before a broken one get their answers first', async () => {
  const good = request('GET', LIST)
  const { answers, isClosed } = await say(stand.port, `${good}${good}G(T / HTTP/1.1\r\n\r\n`)
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 400],
  )
  assertFault(answers[2], 400)
  assert.ok(isClosed)
})

test('a caller who hangs up in the middle of a request is told that it was not whole', async () => {
  for (const bytes of ['GET /', `GET ${LIST} HTTP/1.1\r\nHo`, put('Content-Length: 9\r\n', '{}')]) {
    assertRefused(await say(stand.port, bytes, { halfClose: true }), 400)
  }
})

/** What the rest of the request line and of the headers take. */
const FRAME_BYTES = request('GET', `${LIST}?name=`, { X: '' }).length

test('a header block just below 64 KiB is read, one above is a 400 in shape', async () => {
  const withHeader = (bytes: number) => request('GET', LIST, { X: 'x'.repeat(bytes) })
  const fits = await say(stand.port, withHeader(65_500 - FRAME_BYTES), { until: 1 })
  assert.equal(fits.answers[0]?.status, 200)
  for (const bytes of [65_600, 2_000_000]) {
    const message = assertRefused(await say(stand.port, withHeader(bytes)), 400)
    assert.match(message, /larger than 65536 bytes/)
  }
})

test('a URL just below 64 KiB is read, one above is a 400 in shape', async () => {
  const withUrl = (bytes: number) => request('GET', `${LIST}?name=${'x'.repeat(bytes)}`)
  const fits = await say(stand.port, withUrl(65_500 - FRAME_BYTES), { until: 1 })
  assert.equal(fits.answers[0]?.status, 200)
  for (const bytes of [65_600, 2_000_000]) {
    const message = assertRefused(await say(stand.port, withUrl(bytes)), 400)
    assert.match(message, /larger than 65536 bytes/)
  }
})

test('a refusal reaches a caller who goes on sending for a while', async () => {
  const flood = [`GET ${LIST} HTTP/1.1\r\n`]
  const piece = `X: ${'x'.repeat(60_000)}\r\n`
  const { answers } = await say(stand.port, [flood[0] ?? '', piece, piece, 40, piece, 40, piece])
  assertFault(answers[0], 400)
  assert.equal(answers.length, 1)
})

test('the method PRI without a version, which the parser lets pass, is a 400 as well', async () => {
  for (const target of [LIST, '/v2.1/', '*', `//${LIST}?name=a@cloud.test:8774`]) {
    for (const rest of ['\r\n\r\n', '\n\r\n', `\r\n${HEAD}\r\n`, `\n\r\n${HEAD}\r\n`]) {
      assertRefused(await say(stand.port, `PRI ${target}${rest}`), 400)
    }
  }
})

test('a PRI after a request that still waits does not get in before its answer', async () => {
  const { answers } = await say(stand.port, `${request('GET', LIST)}PRI /\r\n\r\n`)
  assert.ok(answers.length === 0 || answers[0]?.status === 200, JSON.stringify(answers))
})

test('CONNECT is closed without an answer', async () => {
  const heard = await say(stand.port, 'CONNECT cloud.test:443 HTTP/1.1\r\nHost: cloud.test\r\n\r\n')
  assert.deepEqual(heard, { answers: [], continues: 0, isClosed: true })
})

test('the server goes on after all of this', async () => {
  const { answers } = await say(stand.port, request('GET', LIST), { until: 1 })
  assert.equal(answers[0]?.status, 200)
})
