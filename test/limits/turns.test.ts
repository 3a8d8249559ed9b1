import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Turns } from '../../src/limits/turns.ts'

/** The first letter is the caller. */
function turnsOf(names: string): Turns<string> {
  const turns = new Turns<string>()
  for (const name of names.split(' ')) turns.add(name.slice(0, 1), name)
  return turns
}

function all(turns: Turns<string>): readonly string[] {
  return Array.from({ length: turns.size }, () => turns.next() ?? '')
}

test('callers take turns, and what one of them has comes in the order of its arrival', () => {
  const turns = turnsOf('a1 a2 a3 a4 b1 b2 c1')
  assert.deepEqual(all(turns), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
  assert.equal(turns.next(), undefined)
})

test('who comes back while others wait comes after them', () => {
  const turns = turnsOf('a1 b1 c1')
  assert.equal(turns.next(), 'a1')
  turns.add('a', 'a2')
  assert.deepEqual(all(turns), ['b1', 'c1', 'a2'])
})

test('the newest of who has most makes room, if that is more than the newcomer would have', () => {
  const turns = turnsOf('a1 a2 a3 b1')
  assert.equal(turns.makeRoom('a'), undefined)
  assert.equal(turns.makeRoom('b'), 'a3')
  assert.equal(turns.makeRoom('b'), undefined)
  assert.equal(turns.makeRoom('c'), 'a2')
  assert.equal(turns.makeRoom('c'), undefined)
  assert.deepEqual(all(turns), ['a1', 'b1'])
})

test('who is taken out twice is taken out once', () => {
  const turns = turnsOf('a1 a2 b1')
  turns.delete('a', 'a1')
  turns.delete('a', 'a1')
  turns.delete('c', 'c1')
  assert.deepEqual([turns.size, turns.sizeOf('a'), turns.sizeOf('c')], [2, 1, 0])
  assert.deepEqual(all(turns), ['a2', 'b1'])
})

test('however many others have, nobody waits for more than one turn of each of them', () => {
  const waiting = fc.array(fc.nat(50), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(waiting, (counts) => {
      const turns = new Turns<string>()
      for (const [caller, count] of counts.entries()) {
        for (let i = 0; i < count; i += 1) turns.add(String(caller), `${caller} ${i}`)
      }
      turns.add('me', 'mine')
      const others = counts.filter((count) => count > 0).length
      assert.equal(all(turns).indexOf('mine'), others)
    }),
  )
})
