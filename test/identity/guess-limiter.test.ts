import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FIRST_WAIT_MS,
  FORGET_AFTER_MS,
  FREE_FAILURES_PER_ACCOUNT,
  FREE_FAILURES_PER_ADDRESS,
  FREE_FAILURES_PER_PAIR,
  GuessLimiter,
  KNOWN_FOR_MS,
  REMEMBERED_MAX,
  WAIT_MS_MAX,
} from '../../src/identity/local/guess-limiter.ts'
import { addressGroup } from '../../src/limits/address-group.ts'
import { Clock } from './fixtures.ts'

function limiter() {
  const clock = new Clock()
  return { clock, guesses: new GuessLimiter(clock.now) }
}

test('the first wrong passwords cost nothing, then the wait doubles up to its limit', () => {
  const { clock, guesses } = limiter()
  const waits: number[] = []
  for (let failure = 1; failure <= FREE_FAILURES_PER_PAIR + 9; failure += 1) {
    guesses.failed('ann', '192.0.2.1')
    const waitMs = guesses.waitMs('ann', '192.0.2.1')
    waits.push(waitMs)
    clock.nowMs += waitMs
    assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
  }
  const growing = [1, 2, 4, 8, 16, 32].map((times) => times * FIRST_WAIT_MS)
  const free = Array<number>(FREE_FAILURES_PER_PAIR).fill(0)
  assert.deepEqual(waits, [...free, ...growing, WAIT_MS_MAX, WAIT_MS_MAX, WAIT_MS_MAX])
})

test('failures are forgotten after a quiet while, and a success forgives the pair', () => {
  const { clock, guesses } = limiter()
  const failOften = () => {
    for (let i = 0; i <= FREE_FAILURES_PER_PAIR; i += 1) guesses.failed('ann', '192.0.2.1')
  }
  failOften()
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), FIRST_WAIT_MS)
  clock.nowMs += FORGET_AFTER_MS
  guesses.failed('ann', '192.0.2.1')
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
  failOften()
  guesses.succeeded('ann', '192.0.2.1')
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
})

test('one account guessed from many addresses is slowed for addresses it does not know', () => {
  const { clock, guesses } = limiter()
  guesses.succeeded('ann', '198.51.100.1')
  for (let i = 0; i <= FREE_FAILURES_PER_ACCOUNT; i += 1) guesses.failed('ann', `192.0.2.${i}`)
  assert.equal(guesses.waitMs('ann', '203.0.113.1'), FIRST_WAIT_MS)
  assert.equal(guesses.waitMs('bob', '203.0.113.1'), 0)
  assert.equal(guesses.waitMs('ann', '198.51.100.1'), 0, 'the right user is locked out')
  clock.nowMs += KNOWN_FOR_MS
  for (let i = 0; i <= FREE_FAILURES_PER_ACCOUNT; i += 1) guesses.failed('ann', `192.0.2.${i}`)
  assert.equal(guesses.waitMs('ann', '198.51.100.1'), FIRST_WAIT_MS)
})

test('one address that tries many accounts is slowed, but not for accounts that it knows', () => {
  const { guesses } = limiter()
  guesses.succeeded('ann', '192.0.2.1')
  for (let i = 0; i <= FREE_FAILURES_PER_ADDRESS; i += 1) guesses.failed(`user${i}`, '192.0.2.1')
  assert.equal(guesses.waitMs('somebody', '192.0.2.1'), FIRST_WAIT_MS)
  assert.equal(guesses.waitMs('somebody', '192.0.2.2'), 0)
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
})

test('one account that fails for ever slows nobody beside it', () => {
  const { clock, guesses } = limiter()
  for (let i = 0; i < 10 * FREE_FAILURES_PER_ADDRESS; i += 1) {
    guesses.failed('stale script', '192.0.2.1')
    clock.nowMs += guesses.waitMs('stale script', '192.0.2.1')
  }
  guesses.failed('stale script', '192.0.2.1')
  assert.equal(guesses.waitMs('stale script', '192.0.2.1'), WAIT_MS_MAX)
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
})

test('what is remembered is bounded, and the longest untouched goes first', () => {
  const { guesses } = limiter()
  for (let i = 0; i <= FREE_FAILURES_PER_PAIR; i += 1) guesses.failed('ann', '192.0.2.1')
  for (let i = 0; i < REMEMBERED_MAX; i += 1)
    guesses.failed(`user${i}`, `10.0.${i >> 8}.${i & 255}`)
  assert.equal(guesses.waitMs('ann', '192.0.2.1'), 0)
})

test('addresses that one guesser holds count as one', () => {
  assert.equal(addressGroup('192.0.2.1'), '192.0.2.1')
  assert.equal(addressGroup('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(addressGroup('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(addressGroup('2001:0DB8:1:2::9'), '2001:db8:1:2::/64')
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(addressGroup('::1'), '0:0:0:0::/64')
  assert.equal(addressGroup('64:ff9b::192.0.2.1'), '64:ff9b:0:0::/64')
  assert.notEqual(addressGroup('2001:db8:1:2::9'), addressGroup('2001:db8:1:3::9'))
})
