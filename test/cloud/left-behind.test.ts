import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type Behaviour,
  fakeUpstream,
  garbage,
  hang,
  hangInBody,
  page,
  redirect,
  resetAtOnce,
  resetInBody,
  status,
  text,
} from '../upstream/fake-upstream.ts'
import { goodGlance, IMAGE_ID, row, startStand } from './stand.ts'

const FAULTS: readonly Behaviour[] = [
  resetAtOnce(),
  resetInBody(),
  hang(),
  hangInBody(),
  garbage(),
  text(200, '{'),
  redirect('http://elsewhere.test/'),
  status(500),
  status(429),
]
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** After so many rounds nothing is met for the first time. */
const WARM_UP_ROUNDS = 6
const ROUNDS = 6
const SETTLE_MS = 3000
/** The collector's own unrest; a connection or an answer that is kept weighs more. */
const BYTES_A_REQUEST_MAX = 8000

async function heapBytes(): Promise<number> {
  // What was freed in one collection may free more in the next.
  for (let i = 0; i < 3; i += 1) {
    collectGarbage()
    await pause(20)
  }
  return process.memoryUsage().heapUsed
}

test('after a hundred failures nothing is left: no connection, timer, request or memory', async (t) => {
  const flags = {
    'upstream.firstByteTimeoutMs': '100',
    'upstream.answerTimeoutMs': '150',
    'log.level': 'silent',
  }
  await using stand = await startStand(t, { flags })
  const { glance } = stand
  const askAll = async () => {
    stand.log.length = 0
    glance.requests.length = 0
    const answers = await Promise.all(FAULTS.map(() => stand.ask('images/detail')))
    return answers.map(({ status }) => status)
  }
  let turn = 0
  glance.behave(() => {
    turn += 1
    return FAULTS[turn % FAULTS.length] ?? hang()
  })
  let before = 0
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    if (round === 0) before = await heapBytes()
    for (const status of await askAll()) assert.ok(status === 429 || status > 500, String(status))
  }
  const untilMs = performance.now() + SETTLE_MS
  while (glance.pending() > 0 && performance.now() < untilMs) await pause(20)
  assert.equal(glance.pending(), 0)
  assert.ok(glance.connections() <= FAULTS.length, String(glance.connections()))
  const grownBytes = (await heapBytes()) - before
  const requests = ROUNDS * FAULTS.length
  t.diagnostic(`${grownBytes} bytes more after ${requests} requests`)
  assert.ok(
    grownBytes < requests * BYTES_A_REQUEST_MAX,
    `${grownBytes} bytes, ${requests} requests`,
  )
  glance.behave(goodGlance)
  assert.equal((await stand.ask('images/detail')).status, 200)
})

test('a stop ends the connections to Glance and Keystone', async (t) => {
  const stand = await startStand(t)
  await stand.ask('images/detail')
  assert.ok(stand.glance.connections() > 0)
  await stand.running.close()
  await pause(50)
  assert.deepEqual([stand.glance.connections(), stand.keystone.connections()], [0, 0])
})

test('who finds no room in the queue is told at once to come again', async (t) => {
  const flags = { 'upstream.concurrentMax': '1', 'upstream.queueMax': '0' }
  await using stand = await startStand(t, { flags })
  await stand.ask('images')
  stand.glance.behave(hang())
  const first = stand.ask('images/detail')
  while (stand.glance.pending() === 0) await pause(5)
  const second = await stand.ask('images/detail')
  assert.equal(second.status, 503)
  assert.match(String(second.headers.get('retry-after')), /^[1-9]/)
  assert.ok(second.durationMs < 200, `${second.durationMs} ms`)
  assert.equal((await first).status, 504)
})

test('another address of Glance answers when the first one fails', async (t) => {
  const other = await fakeUpstream(t)
  other.behave(() => page([row(IMAGE_ID, { name: 'other' })]))
  const broken = await fakeUpstream(t)
  await broken.stop()
  await using stand = await startStand(t, { flags: { 'glance.url': `${broken.url},${other.url}` } })
  for (let i = 0; i < 3; i += 1) {
    const answer = await stand.ask('images/detail')
    assert.equal(answer.status, 200)
    assert.match(answer.text, /"name":"other"/)
  }
})
