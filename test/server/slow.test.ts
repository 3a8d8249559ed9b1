import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertRefused } from './fault.ts'
import { IMAGE_ID, LIST, PROJECT, request, type Stand, startServer } from './stand.ts'
import { say } from './wire.ts'

const HEADERS_TIMEOUT_MS = 300
const REQUEST_TIMEOUT_MS = 600
/** Time that a busy machine may add. */
const SLACK_MS = 2500

let stand: Stand

before(async () => {
  stand = await startServer({
    limits: {
      headersTimeoutMs: HEADERS_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      idleTimeoutMs: 1500,
      keepAliveTimeoutMs: 200,
      timeoutCheckIntervalMs: 50,
    },
  })
})
after(() => stand.close())

const METADATA = `/v2.1/${PROJECT}/images/${IMAGE_ID}/metadata`
/** One byte at a time, for longer than any limit. */
const drip = (text: string) => [...text].flatMap((letter) => [letter, 60])

async function timed<T>(work: Promise<T>): Promise<{ result: T; elapsedMs: number }> {
  const startedAt = performance.now()
  const result = await work
  return { result, elapsedMs: performance.now() - startedAt }
}

describe('a server with short limits', { concurrency: true }, () => {
  test('headers that stop coming are a 408 in shape after the headers timeout', async () => {
    const sent = say(stand.port, `GET ${LIST} HTTP/1.1\r\nHost: cl`)
    const { result, elapsedMs } = await timed(sent)
    assertRefused(result, 408)
    assert.ok(elapsedMs >= HEADERS_TIMEOUT_MS && elapsedMs < HEADERS_TIMEOUT_MS + SLACK_MS)
  })

  test('headers that come a byte at a time are a 408 all the same', async () => {
    assertRefused(await say(stand.port, drip(request('GET', LIST))), 408)
  })

  test('a body that stops coming is a 408 in shape after the request timeout', async () => {
    const sent = request('POST', METADATA, { 'Content-Length': '100' })
    const { result, elapsedMs } = await timed(say(stand.port, [sent, '{"meta']))
    assertRefused(result, 408)
    assert.ok(elapsedMs >= REQUEST_TIMEOUT_MS && elapsedMs < REQUEST_TIMEOUT_MS + SLACK_MS)
  })

  test('a body that comes a byte at a time is a 408, with a length and in chunks', async () => {
    const long = ' '.repeat(100)
    const length = request('POST', METADATA, { 'Content-Length': '100' })
    assertRefused(await say(stand.port, [length, ...drip(long)]), 408)
    const chunked = request('POST', METADATA, { 'Transfer-Encoding': 'chunked' })
    assertRefused(await say(stand.port, [chunked, ...drip(`64\r\n${long}`)]), 408)
  })

  test('a slow body of a request that has its answer is cut without another one', async () => {
    const headers = { 'Content-Length': '100', 'X-Auth-Token': undefined }
    const { answers, isClosed } = await say(stand.port, request('POST', METADATA, headers))
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [401],
    )
    assert.ok(isClosed)
  })

  test('a connection that says nothing is closed', async () => {
    const { answers, isClosed } = await say(stand.port, '')
    assert.ok(isClosed)
    assert.ok(answers.length === 0 || answers[0]?.status === 408)
  })

  test('a connection with nothing more to say is closed after a while', async () => {
    const { answers, isClosed } = await say(stand.port, request('GET', LIST))
    assert.equal(answers[0]?.status, 200)
    assert.equal(answers.length, 1)
    assert.ok(isClosed)
  })
})

test('slow callers do not keep others from being answered', async () => {
  const slow = Array.from({ length: 50 }, () =>
    say(stand.port, [request('POST', METADATA, { 'Content-Length': '100' }), '{']),
  )
  const { result, elapsedMs } = await timed(say(stand.port, request('GET', LIST), { until: 1 }))
  assert.equal(result.answers[0]?.status, 200)
  assert.ok(elapsedMs < REQUEST_TIMEOUT_MS)
  for (const heard of await Promise.all(slow)) assertRefused(heard, 408)
})
