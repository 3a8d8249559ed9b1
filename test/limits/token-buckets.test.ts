import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rateHeaders } from '../../src/limits/rate-headers.ts'
import { BUCKETS_MAX, TokenBuckets } from '../../src/limits/token-buckets.ts'
import { HandClock } from './hand-clock.ts'

const MINUTE_MS = 60_000

function stand(requestsPerMinute: number, burst: number, bucketsMax?: number) {
  const clock = new HandClock()
  const buckets = new TokenBuckets({ requestsPerMinute, burst }, () => clock.nowMs, bucketsMax)
  const take = (caller = 'a') => buckets.take(caller)
  const takeAll = (count: number, caller = 'a') =>
    Array.from({ length: count }, () => take(caller)).filter(({ isAllowed }) => isAllowed).length
  return { clock, buckets, take, takeAll }
}

test('a quiet caller may make a burst at once, and no more', () => {
  const { takeAll } = stand(60, 5)
  assert.equal(takeAll(20), 5)
})

test('then requests are taken at the rate, up to a burst again after a pause', () => {
  const { clock, takeAll } = stand(60, 5)
  takeAll(5)
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1000)
    assert.equal(takeAll(3), 1)
  }
  clock.advance(3000)
  assert.equal(takeAll(20), 3)
  clock.advance(MINUTE_MS)
  assert.equal(takeAll(20), 5)
})

test('one caller takes nothing from another', () => {
  const { takeAll } = stand(60, 5)
  assert.equal(takeAll(1000, 'a'), 5)
  assert.equal(takeAll(5, 'b'), 5)
})

test('a standing says what is left, when it is whole again, and when to come back', () => {
  const { clock, take } = stand(30, 3)
  assert.deepEqual(take(), { isAllowed: true, remaining: 2, fullAfterS: 2, retryAfterS: 0 })
  assert.deepEqual(take(), { isAllowed: true, remaining: 1, fullAfterS: 4, retryAfterS: 0 })
  assert.deepEqual(take(), { isAllowed: true, remaining: 0, fullAfterS: 6, retryAfterS: 2 })
  assert.deepEqual(take(), { isAllowed: false, remaining: 0, fullAfterS: 6, retryAfterS: 2 })
  clock.advance(1500)
  assert.deepEqual(take(), { isAllowed: false, remaining: 0, fullAfterS: 5, retryAfterS: 1 })
  clock.advance(500)
  assert.equal(take().isAllowed, true)
})

test('who comes back when told to is taken, however often a refusal came before', () => {
  const rate = fc.record({
    perMinute: fc.integer({ min: 1, max: 100_000 }),
    burst: fc.integer({ min: 1, max: 1000 }),
    refused: fc.integer({ min: 1, max: 20 }),
  })
  fc.assert(
    fc.property(rate, ({ perMinute, burst, refused }) => {
      const { clock, take, takeAll } = stand(perMinute, burst)
      takeAll(burst)
      takeAll(refused)
      clock.advance(take().retryAfterS * 1000)
      assert.ok(take().isAllowed)
    }),
  )
})

test('over any time no more requests are taken than the burst and the rate', () => {
  const pausesMs = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(pausesMs, fc.integer({ min: 1, max: 600 }), (pauses, perMinute) => {
      const { clock, take } = stand(perMinute, 4)
      let taken = 0
      for (const pause of pauses) {
        clock.advance(pause)
        if (take().isAllowed) taken += 1
      }
      assert.ok(taken <= 4 + (clock.nowMs * perMinute) / MINUTE_MS + 1e-6)
    }),
  )
})

test('as many callers as the limit are remembered; the quietest is forgotten first', () => {
  const { buckets, takeAll } = stand(1, 2, 3)
  for (const caller of ['a', 'b', 'c']) assert.equal(takeAll(3, caller), 2)
  assert.equal(takeAll(1, 'a'), 0) // it is heard of again, so b is the quietest
  takeAll(1, 'd')
  assert.equal(buckets.remembered, 3)
  assert.equal(takeAll(1, 'a'), 0)
  assert.equal(takeAll(3, 'b'), 2)
})

test('any number of callers fill no more than the limit', () => {
  const { buckets, take } = stand(60, 5)
  for (let i = 0; i < 3 * BUCKETS_MAX; i += 1) take(`caller ${i}`)
  assert.equal(buckets.remembered, BUCKETS_MAX)
})

test('the header fields name each policy, its quota and window, and what is left of it', () => {
  const project = stand(600, 100)
  const address = stand(7, 3)
  const counted = [
    { policy: 'address', rate: address.buckets.rate, standing: address.take() },
    { policy: 'project', rate: project.buckets.rate, standing: project.take() },
  ]
  assert.deepEqual(rateHeaders(counted), {
    'ratelimit-policy': '"address";q=3;w=26, "project";q=100;w=10',
    ratelimit: '"address";r=2;t=9, "project";r=99;t=1',
  })
  assert.deepEqual(rateHeaders([]), {})
})
