import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../../src/database/database.ts'

const folder = mkdtempSync(join(tmpdir(), 'database-'))
after(() => rmSync(folder, { recursive: true }))

/** Two connections to one file, as two processes have them. */
function openTwice(name: string): { ours: Database; theirs: Database } & Disposable {
  const file = join(folder, name)
  const ours = new Database(file)
  const theirs = new Database(file)
  return {
    ours,
    theirs,
    [Symbol.dispose]() {
      ours.close()
      theirs.close()
    },
  }
}

const add = (database: Database, project: string) => () =>
  database.prepare('INSERT INTO audiences (project) VALUES (?)').run(project)

function projects(database: Database): readonly unknown[] {
  const rows = database.prepare('SELECT project FROM audiences ORDER BY n').all()
  return rows.map((row) => row['project'])
}

test('the version moves with every write, whoever made it, and with nothing else', async () => {
  using both = openTwice('version.db')
  const { ours, theirs } = both
  const first = ours.version()
  projects(ours)
  assert.equal(ours.version(), first)
  await ours.write(add(ours, 'a'))
  const second = ours.version()
  assert.notEqual(second, first)
  await theirs.write(add(theirs, 'b'))
  assert.notEqual(ours.version(), second)
})

test("a turn's version is looked for once; own writes move it at once, others' in the next turn", async () => {
  using both = openTwice('turns.db')
  const { ours, theirs } = both
  const first = ours.versionOfTurn()
  await ours.write(add(ours, 'a'))
  const second = ours.versionOfTurn()
  assert.notEqual(second, first)
  await theirs.write(add(theirs, 'b'))
  assert.equal(ours.versionOfTurn(), second)
  const third = ours.version()
  assert.notEqual(third, second)
  assert.equal(ours.versionOfTurn(), third, 'looking serves the rest of the turn')
  await theirs.write(add(theirs, 'c'))
  await nextTurn()
  assert.notEqual(ours.versionOfTurn(), third)
})

test('a write that throws leaves nothing behind, and the next one goes on', async () => {
  using both = openTwice('undone.db')
  const { ours } = both
  const undone = ours.write(() => {
    add(ours, 'a')()
    throw new Error('on purpose')
  })
  const next = ours.write(add(ours, 'b'))
  await assert.rejects(undone, /on purpose/)
  await next
  assert.deepEqual(projects(ours), ['b'])
})

test('writes of one process go one after another', async () => {
  using both = openTwice('order.db')
  const { ours } = both
  await Promise.all(['a', 'b', 'c', 'd'].map((project) => ours.write(add(ours, project))))
  assert.deepEqual(projects(ours), ['a', 'b', 'c', 'd'])
})

test('a write waits for another process without stopping this one', async () => {
  using both = openTwice('busy.db')
  const { ours, theirs } = both
  theirs.sqlite.exec('BEGIN IMMEDIATE')
  add(theirs, 'theirs')()
  let isDone = false
  const write = ours.write(add(ours, 'ours')).then(() => {
    isDone = true
  })
  let ticks = 0
  for (let n = 0; n < 20; n += 1) {
    await sleep(5)
    ticks += 1
    assert.deepEqual(projects(ours), [], 'readers see the state before, at once')
  }
  assert.equal(ticks, 20)
  assert.equal(isDone, false)
  theirs.sqlite.exec('COMMIT')
  await write
  assert.deepEqual(projects(theirs), ['theirs', 'ours'])
})

test('a read sees one state throughout, whatever is written meanwhile', async () => {
  using both = openTwice('read.db')
  const { ours, theirs } = both
  await ours.write(add(ours, 'a'))
  ours.read(() => {
    assert.deepEqual(projects(ours), ['a'])
    theirs.sqlite.exec("INSERT INTO audiences (project) VALUES ('b')")
    assert.deepEqual(projects(ours), ['a'])
  })
  assert.deepEqual(projects(ours), ['a', 'b'])
})

test('an acknowledged write is one that survives power loss: the log is synced', () => {
  using both = openTwice('sync.db')
  const pragma = (name: string) =>
    Object.values(both.ours.sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  assert.equal(pragma('journal_mode'), 'wal')
  assert.equal(pragma('synchronous'), 2)
})
