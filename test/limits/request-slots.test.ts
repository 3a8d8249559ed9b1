import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestSlots, type Slot } from '../../src/limits/request-slots.ts'
import { HandClock } from './hand-clock.ts'

const QUEUE_TIMEOUT_MS = 100

function stand(inFlightMax: number, queueMax: number) {
  const clock = new HandClock()
  const limits = { inFlightMax, queueMax, queueTimeoutMs: QUEUE_TIMEOUT_MS }
  const slots = new RequestSlots(limits, clock.schedule)
  const log: string[] = []
  const held = new Map<string, Slot>()
  /** The first letter is the caller. */
  const enter = (name: string) =>
    slots.enter(
      () => name.slice(0, 1),
      (slot) => {
        log.push(`${name} ${slot === undefined ? 'away' : 'in'}`)
        if (slot !== undefined) held.set(name, slot)
      },
    )
  const end = (name: string) => held.get(name)?.release()
  const enterAll = (names: string) => names.split(' ').map(enter)
  return { clock, slots, log, enter, enterAll, end }
}

test('as many as the limit are let in at once, the next ones in the order of their arrival', () => {
  const { slots, log, enter, end } = stand(2, 10)
  for (const name of ['a', 'b', 'c', 'd']) enter(name)
  assert.deepEqual(log, ['a in', 'b in'])
  assert.deepEqual([slots.inFlight, slots.waiting], [2, 2])
  end('b')
  end('a')
  assert.deepEqual(log, ['a in', 'b in', 'c in', 'd in'])
  assert.deepEqual([slots.inFlight, slots.waiting], [2, 0])
  end('c')
  end('d')
  assert.equal(slots.inFlight, 0)
})

test('who finds the queue full is turned away at once', () => {
  const { log, enter, end } = stand(1, 1)
  for (const name of ['a', 'b', 'c']) enter(name)
  assert.deepEqual(log, ['a in', 'c away'])
  end('a')
  assert.deepEqual(log, ['a in', 'c away', 'b in'])
})

test('without a queue nobody waits', () => {
  const { clock, log, enter } = stand(1, 0)
  enter('a')
  enter('b')
  assert.deepEqual(log, ['a in', 'b away'])
  assert.equal(clock.planned, 0)
})

test('who waits for the whole time is turned away, and takes no slot later', () => {
  const { clock, slots, log, enter, end } = stand(1, 10)
  enter('a')
  enter('b')
  clock.advance(QUEUE_TIMEOUT_MS - 1)
  enter('c')
  assert.deepEqual(log, ['a in'])
  clock.advance(1)
  assert.deepEqual(log, ['a in', 'b away'])
  end('a')
  assert.deepEqual(log, ['a in', 'b away', 'c in'])
  clock.advance(QUEUE_TIMEOUT_MS)
  assert.deepEqual(log, ['a in', 'b away', 'c in'])
  assert.deepEqual([slots.inFlight, slots.waiting, clock.planned], [1, 0, 0])
})

test('who gives up waiting hears no more, and the place in the queue is free', () => {
  const { clock, log, enter, end } = stand(1, 1)
  enter('a')
  enter('b')()
  enter('c')
  end('a')
  assert.deepEqual(log, ['a in', 'c in'])
  assert.equal(clock.planned, 0)
})

test('to give up waiting once let in changes nothing', () => {
  const { slots, enter } = stand(1, 1)
  enter('a')()
  assert.equal(slots.inFlight, 1)
})

test('a slot that is given back twice is one slot', () => {
  const { slots, log, enter, end } = stand(1, 2)
  for (const name of ['a', 'b', 'c']) enter(name)
  end('a')
  end('a')
  assert.deepEqual(log, ['a in', 'b in'])
  assert.deepEqual([slots.inFlight, slots.waiting], [1, 1])
})

test('callers take turns, however many requests one of them has waiting', () => {
  const { log, enterAll, end } = stand(1, 10)
  enterAll('a0 a1 a2 a3 b1 b2 c1')
  for (const name of ['a0', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']) end(name)
  const turns = ['a0 in', 'a1 in', 'b1 in', 'c1 in', 'a2 in', 'b2 in', 'a3 in']
  assert.deepEqual(log, turns)
})

test('in a full queue the newest request of who has most of them gives way to another caller', () => {
  const { slots, log, enterAll, end } = stand(1, 4)
  enterAll('a0 a1 a2 a3 a4 a5 b1')
  assert.deepEqual(log, ['a0 in', 'a5 away', 'a4 away'])
  enterAll('b2 b3 c1')
  assert.deepEqual(log.slice(3), ['a3 away', 'b3 away', 'a2 away'])
  assert.equal(slots.waiting, 4)
  for (const name of ['a0', 'a1', 'b1', 'c1']) end(name)
  assert.deepEqual(log.slice(6), ['a1 in', 'b1 in', 'c1 in', 'b2 in'])
})

test('in a full queue in which everybody has one request, a newcomer is turned away', () => {
  const { log, enterAll } = stand(1, 3)
  enterAll('a0 a1 b1 c1 d1')
  assert.deepEqual(log, ['a0 in', 'd1 away'])
})

test('whatever comes, slots and queue keep their limits, and everybody hears once', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enter' as const), caller: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constantFrom('end' as const, 'leave' as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(QUEUE_TIMEOUT_MS) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, slots, log, enter, end } = stand(3, 5)
      const leaves: (() => void)[] = []
      const left = new Set<number>()
      let entered = 0
      for (const next of steps) {
        if (next.kind === 'enter') leaves.push(enter(`${next.caller}${entered++}`))
        else if (next.kind === 'pass') clock.advance(next.ms)
        else if (next.kind === 'end') for (const caller of 'abc') end(`${caller}${next.at}`)
        else {
          leaves[next.at]?.()
          left.add(next.at)
        }
        assert.ok(slots.inFlight <= 3 && slots.waiting <= 5)
        assert.equal(clock.planned, slots.waiting)
      }
      clock.advance(QUEUE_TIMEOUT_MS)
      assert.equal(slots.waiting, 0)
      assert.equal(new Set(log.map((line) => line.split(' ')[0])).size, log.length)
      const silent = entered - log.length
      assert.ok(silent <= left.size)
    }),
  )
})

test('a higher limit lets in at once who waits, a lower one nobody until so many have ended', () => {
  const { slots, log, enterAll, end } = stand(1, 10)
  enterAll('a b c d e')
  const queue = { queueMax: 10, queueTimeoutMs: QUEUE_TIMEOUT_MS }
  slots.reload({ inFlightMax: 3, ...queue })
  assert.deepEqual(log, ['a in', 'b in', 'c in'])
  slots.reload({ inFlightMax: 1, ...queue })
  end('a')
  end('b')
  assert.deepEqual([slots.inFlight, slots.waiting], [1, 2])
  end('c')
  assert.deepEqual(log, ['a in', 'b in', 'c in', 'd in'])
  slots.reload({ inFlightMax: 1, queueMax: 0, queueTimeoutMs: QUEUE_TIMEOUT_MS })
  enterAll('f')
  assert.deepEqual(log.slice(4), ['f away'], 'who waits already may go on waiting')
})
