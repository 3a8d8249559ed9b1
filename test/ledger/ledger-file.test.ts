import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { callsOf, MERGED } from '../../src/ledger/caller-row.ts'
import {
  type Addition,
  dayOf,
  isBusy,
  LedgerFile,
  LedgerRefused,
} from '../../src/ledger/ledger-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-ledger-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function newPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

const AT = Date.parse('2026-11-26T12:00:00Z') / 1000
const DAY = dayOf(AT)

function addition(client: string, seenAt = AT, counts: Record<number, number> = {}): Addition {
  return {
    key: {
      projectId: 'p',
      userId: 'u',
      client,
      clientVersion: '1',
      operation: 'show_image',
      filters: [],
      prefix: 'v2.1',
      microversion: '2.1',
    },
    userName: undefined,
    address: undefined,
    firstSeenAt: seenAt,
    lastSeenAt: seenAt,
    days: new Map(
      Object.entries({ [dayOf(seenAt)]: 1, ...counts }).map(([day, n]) => [Number(day), n]),
    ),
  }
}

test('the same key is one row, over processes and openings, for the owner alone', () => {
  const path = newPath()
  {
    using one = new LedgerFile(path)
    using other = new LedgerFile(path)
    one.add([addition('curl', AT)])
    other.add([addition('curl', AT + 60), addition('go', AT, { [DAY - 1]: 4 })])
    one.add([addition('curl', AT - 60)])
  }
  assert.equal(statSync(path).mode & 0o777, 0o600)
  using again = new LedgerFile(path)
  const rows = again.read({})
  assert.deepEqual(
    rows.map((row) => [row.client, callsOf(row), row.firstSeenAt, row.lastSeenAt]),
    [
      ['curl', 3, AT - 60, AT + 60],
      ['go', 5, AT, AT],
    ],
  )
  assert.deepEqual(
    [...(rows[1]?.days ?? [])],
    [
      ['2026-11-25', 4],
      ['2026-11-26', 1],
    ],
  )
})

test('reads by project, client and day, a page at a time', () => {
  using file = new LedgerFile(newPath())
  const old = addition('old', AT - 86_400 * 3)
  const strange = addition('curl')
  file.add([old, addition('curl'), { ...strange, key: { ...strange.key, projectId: 'q' } }])
  const read = (query: Parameters<typeof file.read>[0]) => file.read(query).map(({ id }) => id)
  assert.deepEqual(read({}), [1, 2, 3])
  assert.deepEqual(read({ sinceDay: DAY }), [2, 3])
  assert.deepEqual(read({ projectId: 'q' }), [3])
  assert.deepEqual(read({ client: 'old' }), [1])
  assert.deepEqual(read({ limit: 1, marker: 1 }), [2])
})

test('more rows than may be are merged, the least recently seen first, and nothing is lost', () => {
  using file = new LedgerFile(newPath())
  file.add(Array.from({ length: 30 }, (_, n) => addition(`c${n}`, AT + n)))
  file.trim(10)
  const rows = file.read({})
  assert.equal(rows.length, 10)
  assert.equal(file.mergedRows(), 21)
  const merged = rows.find(({ operation }) => operation === MERGED)
  assert.ok(merged !== undefined)
  assert.deepEqual([callsOf(merged), merged.firstSeenAt, merged.lastSeenAt], [21, AT, AT + 20])
  file.add([addition('new', AT + 99)])
  file.trim(10)
  const calls = file.read({}).reduce((sum, row) => sum + callsOf(row), 0)
  assert.equal(calls, 31)
  assert.equal(file.read({}).length, 10)
})

test('old days are forgotten, and rows that have no other', () => {
  using file = new LedgerFile(newPath())
  file.add([addition('old', AT - 86_400 * 5), addition('now', AT, { [DAY - 5]: 7 })])
  file.forgetBefore(DAY - 4)
  assert.deepEqual(
    file.read({}).map((row) => [row.client, callsOf(row)]),
    [['now', 1]],
  )
})

test('another process that writes makes adding fail at once, with nothing added', () => {
  const path = newPath()
  using file = new LedgerFile(path)
  file.stopWaiting()
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  assert.throws(() => file.add([addition('curl')]), isBusy)
  other.exec('COMMIT')
  other.close()
  file.add([addition('curl')])
  assert.equal(callsOf(file.read({})[0] ?? assert.fail()), 1)
})

test('what is no ledger, or a newer one, is refused and left as it is', () => {
  const text = newPath()
  writeFileSync(text, 'not a database at all, but long enough to be one'.repeat(100))
  assert.throws(() => new LedgerFile(text), LedgerRefused)
  const strange = newPath()
  new DatabaseSync(strange).exec('CREATE TABLE t (a); PRAGMA application_id = 7')
  assert.throws(() => new LedgerFile(strange), /is a database, but no ledger/)
  const newer = newPath()
  new LedgerFile(newer)[Symbol.dispose]()
  new DatabaseSync(newer).exec('PRAGMA user_version = 99')
  assert.throws(() => new LedgerFile(newer), /newer Afterimage/)
  assert.throws(
    () => new LedgerFile(join(folder, 'no', 'such', 'x.db')),
    /no.such: there is no such/,
  )
})
