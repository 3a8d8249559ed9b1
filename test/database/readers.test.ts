import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Database } from '../../src/database/database.ts'
import type { Reads } from '../../src/database/readers.ts'

const ROWS = 200

const folder = mkdtempSync(join(tmpdir(), 'readers-'))
let database: Database
before(async () => {
  database = new Database(join(folder, 'catalogue.db'), { readAtOnceMs: 0 })
  await database.write(() => {
    const add = database.prepare('INSERT INTO audiences (project) VALUES (?)')
    for (let n = 0; n < ROWS; n += 1) add.run(`project-${n}`)
  })
})
after(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** The rows, one by one; each takes longer than a turn. */
function* slowly(
  reads: Reads,
  rows: number,
  found: unknown[] = [],
): Generator<undefined, readonly unknown[]> {
  for (const row of reads.prepare('SELECT project FROM audiences LIMIT ?').iterate(rows)) {
    found.push(row['project'])
    const untilMs = performance.now() + 1.5
    while (performance.now() < untilMs);
    yield
  }
  return found
}

test('a long read sees one state, whatever is written while it goes on', async () => {
  let found: unknown[] = []
  const read = database.readInTurns((reads) => {
    found = []
    return slowly(reads, ROWS, found)
  })
  while (found.length < 5) await nextTurn()
  assert.ok(found.length < ROWS)
  await database.write(() => database.prepare('DELETE FROM audiences WHERE n % 2 = 0').run())
  assert.equal((await read).length, ROWS)
  const left = await database.readInTurns((reads) => slowly(reads, ROWS))
  assert.equal(left.length, ROWS / 2)
})

test('many long reads take turns: in one turn of the event loop one of them goes on', async () => {
  const atOnce = new Map<number, number>()
  let turn = 0
  let areDone = false
  function* counted(reads: Reads) {
    const steps = slowly(reads, 10)
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value.length
      atOnce.set(turn, (atOnce.get(turn) ?? 0) + 1)
      yield
    }
  }
  const turns = (async () => {
    while (!areDone) {
      await nextTurn()
      turn += 1
    }
  })()
  const reads = Array.from({ length: 10 }, () => database.readInTurns(counted))
  atOnce.clear() // each began, in the turn that asked
  assert.deepEqual(await Promise.all(reads), Array(10).fill(10))
  areDone = true
  await turns
  assert.equal(Math.max(...atOnce.values()), 1)
})

test('a read that fails lets the next one go on', async () => {
  const failing = Array.from({ length: 10 }, () =>
    database.readInTurns(function* () {
      yield
      yield
      throw new RangeError('of no use')
    }),
  )
  for (const read of failing) await assert.rejects(read, RangeError)
  assert.equal((await database.readInTurns((reads) => slowly(reads, 3))).length, 3)
})
