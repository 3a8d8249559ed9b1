import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { drain } from '../../src/server/drain.ts'
import { generatedCatalogue, type Tap } from './million.ts'
import { IMAGE_ID, LIST, makeImage, mapCatalogue, PROJECT, request, startServer } from './stand.ts'
import { say } from './wire.ts'

const SHOW = request('GET', `/v2.1/${PROJECT}/images/${IMAGE_ID}`)
const DRAIN_TIMEOUT_MS = 500

/** A catalogue whose `get` waits for as long as it is told. */
function slowCatalogue(waitMs: number) {
  const asked = Promise.withResolvers<void>()
  const catalogue = {
    ...mapCatalogue(),
    get: async () => {
      asked.resolve()
      await sleep(waitMs, undefined, { ref: false })
      return makeImage()
    },
  }
  return { catalogue, asked: asked.promise }
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

test('a stopping server finishes the request in flight, takes no new one, and is gone', async () => {
  const { catalogue, asked } = slowCatalogue(300)
  const { app, port } = await startServer({ catalogue })
  const heard = say(port, SHOW)
  await asked
  const startedAt = performance.now()
  const stopped = drain([app], 5000)
  await sleep(50)
  assert.ok(await isRefused(port))
  await stopped
  assert.ok(performance.now() - startedAt < 2000, 'it waits no longer than the request needs')
  const { answers, isClosed } = await heard
  assert.equal(answers[0]?.status, 200)
  assert.ok(answers[0].isComplete)
  assert.ok(isClosed)
})

test('a stopping server finishes a long list', async () => {
  const tap: Tap = { made: 0, begun: 0, ended: 0 }
  const { app, port } = await startServer({ catalogue: generatedCatalogue(20_000, tap) })
  const heard = say(port, request('GET', LIST))
  while (tap.made === 0) await sleep(5)
  await drain([app], 5000)
  const { answers } = await heard
  assert.ok(answers[0]?.isComplete)
})

test('a stopping server cuts what hangs after the limit', async () => {
  const { catalogue, asked } = slowCatalogue(60_000)
  const { app, port } = await startServer({ catalogue })
  const heard = say(port, SHOW)
  await asked
  const startedAt = performance.now()
  await drain([app], DRAIN_TIMEOUT_MS)
  const elapsedMs = performance.now() - startedAt
  assert.ok(
    elapsedMs >= DRAIN_TIMEOUT_MS - 5 && elapsedMs < DRAIN_TIMEOUT_MS + 2000,
    `${elapsedMs}`,
  )
  assert.deepEqual(await heard, { answers: [], continues: 0, isClosed: true })
})

test('a stopping server lets idle connections go at once', async () => {
  const { app, port } = await startServer()
  const heard = say(port, request('GET', LIST))
  const silent = say(port, '')
  await sleep(100)
  const startedAt = performance.now()
  await drain([app], 5000)
  assert.ok(performance.now() - startedAt < 1000)
  assert.equal((await heard).answers.length, 1)
  assert.equal((await silent).answers.length, 0)
})

test('a stopping server does not wait for a request that is still being sent', async () => {
  const { app, port } = await startServer()
  const half = say(port, `GET ${LIST} HTTP/1.1\r\nHost: cl`)
  await sleep(50)
  const startedAt = performance.now()
  await drain([app], DRAIN_TIMEOUT_MS)
  assert.ok(performance.now() - startedAt < DRAIN_TIMEOUT_MS + 1000)
  assert.ok((await half).isClosed)
})
