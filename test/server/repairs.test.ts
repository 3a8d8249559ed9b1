import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Claim } from '../../src/image-data/image-files.ts'
import { Repairs } from '../../src/server/repairs.ts'

/** Repairs that fail while `isBroken`, under a clock that the test moves. */
function stand(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const state = { isBroken: true }
  const seen = { tries: [] as string[], ends: [] as string[], log: [] as unknown[] }
  const repair = async (id: string) => {
    seen.tries.push(id)
    if (state.isBroken) throw new Error('the disk is full')
  }
  const repairs = new Repairs(repair, { warn: (what: unknown) => seen.log.push(what) })
  const claim = (id: string) =>
    ({
      release: async () => seen.ends.push(`${id} released`),
      leave: () => seen.ends.push(`${id} left`),
    }) as unknown as Claim
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms)
    await new Promise(setImmediate)
  }
  return { state, seen, repairs, add: (id: string) => repairs.add(id, claim(id)), pass }
}

test('what could not be written is tried less and less often, each time one of all', async (t) => {
  const { seen, repairs, add, pass } = stand(t)
  add('a')
  add('b')
  for (const waitMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const { length } = seen.tries
    await pass(waitMs - 1)
    assert.equal(seen.tries.length, length)
    await pass(1)
    assert.equal(seen.tries.length, length + 1)
  }
  assert.equal(seen.tries.join(''), 'abababa')
  assert.deepEqual([seen.ends, seen.log], [[], []])
  await repairs[Symbol.asyncDispose]()
})

test('all are put right when one is, in one line of the log, and nothing is tried after that', async (t) => {
  const { state, seen, repairs, add, pass } = stand(t)
  add('a')
  add('b')
  await pass(500)
  state.isBroken = false
  await pass(1000)
  assert.deepEqual(seen.ends, ['b released', 'a released'])
  assert.deepEqual(seen.log, [{ images: ['b', 'a'] }])
  await pass(3_600_000)
  assert.equal(seen.tries.length, 3)
  state.isBroken = true
  add('c')
  await pass(500)
  assert.equal(seen.tries.length, 4)
  await repairs[Symbol.asyncDispose]()
})

test('what is not put right at the end is left to the next start', async (t) => {
  const { seen, repairs, add, pass } = stand(t)
  add('a')
  await repairs[Symbol.asyncDispose]()
  add('b')
  assert.deepEqual(seen.ends, ['a left', 'b left'])
  await pass(3_600_000)
  assert.deepEqual(seen.tries, [])
})
