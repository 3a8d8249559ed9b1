import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { generatedCatalogue, type Tap } from './million.ts'
import { IMAGE_ID, LIST, request, type Stand, startServer } from './stand.ts'
import { openUnread, say } from './wire.ts'

const MILLION = 1_000_000
/**
 * The most bytes that wait for a caller who does not read: socket buffers and one stream's buffer.
 */
const AHEAD_IMAGES_MAX = 60_000

const stands: Stand[] = []
after(() => Promise.all(stands.map((stand) => stand.close())))

async function start(total: number, failAt?: number) {
  const tap: Tap = { made: 0, begun: 0, ended: 0 }
  const log: string[] = []
  const stand = await startServer({ catalogue: generatedCatalogue(total, tap, failAt), log })
  stands.push(stand)
  return { stand, tap, log }
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (isTrue()) return
    await sleep(10)
  }
  assert.fail(`never: ${what}`)
}

/** Waits for a list that nobody reads to stand still. @returns where. */
async function standstill(tap: Tap): Promise<number> {
  let before = -1
  for (let i = 0; i < 100 && (before !== tap.made || before === 0); i += 1) {
    before = tap.made
    await sleep(200)
  }
  return tap.made
}

test('a list that is longer than memory should hold waits for its reader', async () => {
  const { stand, tap } = await start(MILLION)
  const socket = await openUnread(stand.port, request('GET', LIST))
  const made = await standstill(tap)
  assert.ok(made > 0 && made < AHEAD_IMAGES_MAX, `${made} images made ahead`)
  assert.equal(tap.ended, 0)
  socket.resume()
  await until(() => tap.made > made + 10_000, 'the list goes on when it is read')
  socket.destroy()
  await until(() => tap.ended === 1, 'the list is given up')
  assert.ok(tap.made < MILLION)
})

test('twenty readers that stand still cost no more than their buffers', async () => {
  const { stand, tap } = await start(MILLION)
  globalThis.gc?.()
  const beforeBytes = process.memoryUsage().rss
  const sockets = await Promise.all(
    Array.from({ length: 20 }, () => openUnread(stand.port, request('GET', LIST))),
  )
  await until(() => tap.begun === 20, 'twenty lists begin')
  const made = await standstill(tap)
  assert.ok(made < 20 * AHEAD_IMAGES_MAX)
  const grownMib = (process.memoryUsage().rss - beforeBytes) / 1024 / 1024
  assert.ok(grownMib < 400, `${grownMib} MiB for 20 readers`)
  for (const socket of sockets) socket.destroy()
  await until(() => tap.ended === 20, 'every list is given up')
})

test('a caller who goes away, at any moment, leaves no list open and no error in the log', async () => {
  const { stand, tap, log } = await start(MILLION)
  for (const waitMs of [0, 0, 1, 3, 10, 30, 100]) {
    const socket = await openUnread(stand.port, request('GET', LIST))
    socket.resume()
    await sleep(waitMs)
    if (waitMs % 2 === 0) socket.destroy()
    else socket.resetAndDestroy()
  }
  await until(() => tap.ended === tap.begun && tap.begun > 3, 'every list is given up')
  assert.deepEqual(
    log.filter((line) => /"level":(40|50|60)/.test(line)),
    [],
  )
  const { answers } = await say(stand.port, request('GET', '/'), { until: 1 })
  assert.equal(answers[0]?.status, 200)
})

test('a long list is whole, and its JSON good', async () => {
  const { stand, tap } = await start(20_000)
  const { answers } = await say(stand.port, request('GET', LIST, { Connection: 'close' }))
  const { images } = JSON.parse(answers[0]?.body ?? '') as { images: { id: string }[] }
  assert.ok(answers[0]?.isComplete)
  assert.equal(images.length, 20_000)
  assert.equal(new Set(images.map((image) => image.id)).size, 20_000)
  assert.equal(tap.ended, 1)
})

test('a caller who half-closes after the request still gets a whole long list', async () => {
  const { stand } = await start(20_000)
  const sent = request('GET', LIST, { Connection: 'close' })
  const { answers } = await say(stand.port, sent, { halfClose: true })
  assert.ok(answers[0]?.isComplete, 'the list was cut')
})

test('what comes behind a long list on the same connection is answered after it', async () => {
  const { stand } = await start(20_000)
  const bytes = `${request('GET', LIST)}${request('GET', '/')}G(T / HTTP/1.1\r\n\r\n`
  const { answers } = await say(stand.port, bytes)
  assert.deepEqual(
    answers.map(({ status, isComplete }) => [status, isComplete]),
    [
      [200, true],
      [200, true],
      [400, true],
    ],
  )
})

test('HEAD of a long list reads no more of it than it takes to know that it is long', async () => {
  const { stand, tap } = await start(MILLION)
  const { answers } = await say(stand.port, request('HEAD', LIST), { until: 1, isHead: true })
  assert.equal(answers[0]?.status, 200)
  assert.equal(tap.ended, 1)
  assert.ok(tap.made < AHEAD_IMAGES_MAX)
})

test('a list that fails after the 200 is cut, its JSON never closed, the cause in the log alone', async () => {
  const { stand, log } = await start(MILLION, 15_000)
  for (const version of ['1.1', '1.0']) {
    const sent = request('GET', LIST).replace('HTTP/1.1', `HTTP/${version}`)
    const { answers, isClosed } = await say(stand.port, sent)
    const [answer] = answers
    assert.equal(answer?.status, 200)
    assert.equal(answer.isComplete, false)
    assert.ok(isClosed)
    assert.ok(!answer.body.includes('SECRET'))
    assert.ok(answer.body.startsWith(`{"images":[{"id":"${IMAGE_ID}"`))
    assert.throws(() => JSON.parse(answer.body))
  }
  assert.equal(log.filter((line) => line.includes('on fire')).length, 2)
})

test('a list that fails before the 200 is a 500', async () => {
  const { stand, tap } = await start(MILLION, 1000)
  const { answers } = await say(stand.port, request('GET', LIST), { until: 1 })
  assert.equal(answers[0]?.status, 500)
  assert.equal(tap.ended, 1)
})
