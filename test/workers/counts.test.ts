import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CountedAttempts } from '../../src/identity/local/attempts.ts'
import { FREE_FAILURES_PER_PAIR } from '../../src/identity/local/guess-limiter.ts'
import { SignInFault } from '../../src/identity/token-service.ts'
import { countersOf } from '../../src/limits/caller-counters.ts'
import { CountsOfWorker } from '../../src/workers/counts-of-worker.ts'
import { Questions } from '../../src/workers/questions.ts'
import { SharedAttempts } from '../../src/workers/shared-attempts.ts'
import { sharedCounters } from '../../src/workers/shared-counters.ts'
import { limitsConfig } from '../limits/settings.ts'

const GUESSER = { account: 'ann', address: '192.0.2.1' }
const right = async () => true
const wrong = async () => undefined
const endless = () => new Promise<undefined>(() => undefined)

const LIMITS = limitsConfig({
  projectRequestsPerMinute: 60,
  projectBurst: 3,
  listsPerCaller: 0,
  uploadsPerCaller: 2,
})

/** Workers as they stand to the process that counts for them, without processes. */
function together(count: number) {
  const counts = { attempts: new CountedAttempts(() => 0), callers: countersOf(LIMITS, () => 0) }
  return Array.from({ length: count }, () => {
    // Each message arrives in a turn of its own, as between processes.
    const questions: Questions = new Questions((asked) => {
      setImmediate(() => desk.hear(asked).catch(assert.fail))
    })
    const desk = new CountsOfWorker(counts, (answered) => {
      setImmediate(() => questions.hear(answered))
    })
    const callers = sharedCounters(LIMITS, questions)
    return { shared: new SharedAttempts(questions), callers, desk, counts }
  })
}

const isThrottled = (error: unknown) =>
  error instanceof SignInFault && error.code === 'attempts.throttled' && error.retryAfterSeconds > 0

test('failures at several workers count together, and a success forgives at all of them', async () => {
  const [one, two] = together(2)
  assert.ok(one && two)
  for (let i = 0; i <= FREE_FAILURES_PER_PAIR; i += 1) {
    assert.equal(await (i % 2 === 0 ? one : two).shared.make(GUESSER, wrong), undefined)
  }
  for (const { shared } of [one, two])
    await assert.rejects(shared.make(GUESSER, right), isThrottled)
  const other = { ...GUESSER, account: 'bob' }
  for (let i = 0; i < FREE_FAILURES_PER_PAIR; i += 1) await one.shared.make(other, wrong)
  assert.equal(await two.shared.make(other, right), true)
  for (let i = 0; i < FREE_FAILURES_PER_PAIR; i += 1) await one.shared.make(other, wrong)
  assert.equal(await two.shared.make(other, right), true)
})

test('as many are checked at once as in one process', async () => {
  const workers = together(4)
  let running = 0
  let most = 0
  const check = async () => {
    running += 1
    most = Math.max(most, running)
    for (let i = 0; i < 4; i += 1) await turn()
    running -= 1
    return true
  }
  const all = [...workers, ...workers].map(({ shared }, i) =>
    shared.make({ account: `user${i}`, address: '192.0.2.1' }, check),
  )
  await Promise.all(all)
  assert.equal(most, 2)
})

test('a check that throws says so to its caller, counts as nothing, and leaves its place', async () => {
  const [{ shared } = assert.fail()] = together(1)
  const broken = async () => {
    throw new TypeError('broken')
  }
  for (let i = 0; i < 3 * FREE_FAILURES_PER_PAIR; i += 1) {
    await assert.rejects(shared.make(GUESSER, broken), TypeError)
  }
  assert.equal(await shared.make(GUESSER, right), true)
})

test('what a dead worker was at leaves its place to others and counts as nothing', async () => {
  const [dead, alive] = together(2)
  assert.ok(dead && alive)
  const many = 3 * FREE_FAILURES_PER_PAIR
  for (let i = 0; i < many; i += 1) dead.shared.make(GUESSER, endless).catch(assert.fail)
  for (let i = 0; i < 4; i += 1) await turn() // two of them are under way, the others wait
  dead.desk.close()
  assert.equal(await alive.shared.make(GUESSER, right), true)
})

test("a caller's requests at several workers count together", async () => {
  const workers = together(2)
  const [one, two] = workers.map(({ callers }) => callers.project)
  assert.ok(one && two)
  assert.deepEqual(one.rate, { requestsPerMinute: 60, burst: 3 })
  assert.equal((await one.take('p')).remaining, 2)
  assert.equal((await two.take('p')).remaining, 1)
  assert.equal((await one.take('p')).isAllowed, true)
  assert.deepEqual(await two.take('p'), {
    isAllowed: false,
    remaining: 0,
    fullAfterS: 3,
    retryAfterS: 1,
  })
  assert.equal((await two.take('q')).isAllowed, true)
  assert.equal(workers[0]?.callers.address, undefined, 'no limit is asked for')
})

test('what a caller holds at several workers counts together, until it is given back', async () => {
  const workers = together(2)
  const [one, two] = workers.map(({ callers }) => callers.upload)
  assert.ok(one && two)
  const first = await one.take('ann')
  assert.ok(first && (await two.take('ann')))
  assert.equal(await one.take('ann'), undefined)
  assert.ok(await one.take('bob'))
  first()
  assert.ok(await two.take('ann'))
  assert.equal(await two.take('ann'), undefined)
  assert.equal(workers[0]?.callers['long list'], undefined, 'no limit is asked for')
})

test('what a dead worker held is given back', async () => {
  const [dead, alive] = together(2)
  assert.ok(dead?.callers.upload && alive?.callers.upload)
  for (let i = 0; i < 2; i += 1) assert.ok(await dead.callers.upload.take('ann'))
  assert.equal(await alive.callers.upload.take('ann'), undefined)
  dead.desk.close()
  assert.ok(await alive.callers.upload.take('ann'))
})

test('a worker that has not heard yet that a limit is gone is let through', async () => {
  const [worker] = together(1)
  assert.ok(worker?.callers.project && worker.callers.upload)
  for (let i = 0; i < 3; i += 1) await worker.callers.project.take('p')
  assert.equal((await worker.callers.project.take('p')).isAllowed, false)
  worker.counts.callers.reload(limitsConfig({ uploadsPerCaller: 0 }))
  assert.equal((await worker.callers.project.take('p')).isAllowed, true)
  const giveBack = await worker.callers.upload.take('ann')
  assert.ok(giveBack)
  giveBack()
  worker.callers.reload(limitsConfig({ uploadsPerCaller: 0 }))
  assert.equal(worker.callers.project, undefined)
})
