import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Blocks, termsOfNumber, termsOfRange } from '../../src/catalogue/sqlite/block-terms.ts'
import { sizeTerms, termsOfSizes, updatedTerms } from '../../src/catalogue/sqlite/range-terms.ts'

const SECOND_MAX = 2 ** 32 - 1
const BLOCKS: Blocks = { letter: 'u', widths: [1, 2 ** 8, 2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24] }
const near = (around: number) => fc.integer({ min: -40, max: 40 }).map((by) => around + by)
const seconds = fc
  .oneof(fc.integer({ min: 0, max: SECOND_MAX }), near(0x5e0c0000), near(0x5e0bfff0), near(40))
  .map((second) => Math.min(Math.max(second, 0), SECOND_MAX))

test('a range has a term of each number in it, and of no other', () => {
  fc.assert(
    fc.property(seconds, seconds, seconds, (one, other, asked) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)]
      const terms = new Set(termsOfRange(BLOCKS, low, high))
      for (const second of [asked, low, high, low - 1, high + 1]) {
        if (second < 0 || second > SECOND_MAX) continue
        const held = termsOfNumber(BLOCKS, second).filter((term) => terms.has(term))
        assert.equal(held.length, second >= low && second <= high ? 1 : 0, `${second}`)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a block is one term', () => {
  assert.equal(termsOfRange(BLOCKS, 0x5e0c0000, 0x5e0cffff).length, 1)
  assert.equal(termsOfRange(BLOCKS, 0x5e0c0000, 0x5e0dffff).length, 2)
  assert.equal(termsOfRange(BLOCKS, 0, SECOND_MAX).length, 256)
  assert.deepEqual(termsOfRange(BLOCKS, 7, 6), [])
})

test('times outside of 32 bits count as its ends', () => {
  assert.deepEqual(updatedTerms(-5), updatedTerms(0))
  assert.deepEqual(updatedTerms(2 ** 40), updatedTerms(SECOND_MAX))
})

test('a range of sizes has one term of each size in it, and none of what is far from it', () => {
  const sizes = fc.oneof(fc.nat(4096), fc.maxSafeNat(), fc.constantFrom(2 ** 30, 2 ** 30 - 1))
  fc.assert(
    fc.property(sizes, sizes, sizes, (one, other, asked) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)]
      const terms = new Set(termsOfSizes({ from, to }))
      const held = sizeTerms(asked).filter((term) => terms.has(term)).length
      if (asked >= from && asked <= to) assert.equal(held, 1)
      else if (asked < from * 0.98 || asked > to * 1.02) assert.equal(held, 0)
      assert.ok(terms.size <= 2 * (32 + 32) + 12)
    }),
    { numRuns: 2000 },
  )
})
