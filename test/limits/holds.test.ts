import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Holds } from '../../src/limits/holds.ts'

test('a caller holds up to the limit, and another caller as many', () => {
  const holds = new Holds(2)
  assert.ok(holds.take('a'))
  assert.ok(holds.take('a'))
  assert.equal(holds.take('a'), undefined)
  assert.ok(holds.take('b'))
})

test('what is given back may be taken again; giving it back twice is once', () => {
  const holds = new Holds(2)
  const first = holds.take('a')
  holds.take('a')
  first?.()
  first?.()
  assert.ok(holds.take('a'))
  assert.equal(holds.take('a'), undefined)
})

test('who holds nothing is forgotten', () => {
  const holds = new Holds(5)
  const given = Array.from({ length: 100 }, (_, i) => holds.take(`caller ${i}`))
  assert.equal(holds.callers, 100)
  for (const giveBack of given) giveBack?.()
  assert.equal(holds.callers, 0)
})
