import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { blockTerms, updatedTerms } from '../../src/catalogue/sqlite/range-terms.ts'

const SECOND_MAX = 2 ** 32 - 1
const near = (around: number) => fc.integer({ min: -40, max: 40 }).map((by) => around + by)
const seconds = fc
  .oneof(fc.integer({ min: 0, max: SECOND_MAX }), near(0x5e0c0000), near(0x5e0bfff0), near(40))
  .map((second) => Math.min(Math.max(second, 0), SECOND_MAX))

test('a range of times has a term of each time in it, and of no other', () => {
  fc.assert(
    fc.property(seconds, seconds, seconds, (one, other, asked) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)]
      const terms = new Set(blockTerms(low, high))
      for (const second of [asked, low, high, low - 1, high + 1]) {
        if (second < 0 || second > SECOND_MAX) continue
        const held = updatedTerms(second).filter((term) => terms.has(term))
        assert.equal(held.length, second >= low && second <= high ? 1 : 0, `${second}`)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a block of time is one term', () => {
  assert.equal(blockTerms(0x5e0c0000, 0x5e0cffff).length, 1)
  assert.equal(blockTerms(0x5e0c0000, 0x5e0dffff).length, 2)
  assert.equal(blockTerms(0, SECOND_MAX).length, 256)
  assert.deepEqual(blockTerms(7, 6), [])
})

test('times outside of 32 bits count as its ends', () => {
  assert.deepEqual(updatedTerms(-5), updatedTerms(0))
  assert.deepEqual(updatedTerms(2 ** 40), updatedTerms(SECOND_MAX))
})
