import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallLedger, type LedgerSettings, type NotedCall } from '../../src/ledger/call-ledger.ts'
import { callsOf } from '../../src/ledger/caller-row.ts'
import { filterBits, filterNames } from '../../src/ledger/filters.ts'
import { LedgerFile } from '../../src/ledger/ledger-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-call-ledger-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const SETTINGS = { rowsMax: 100, retentionDays: 30, withUsers: false, withAddresses: false }
let files = 0

function open(settings: Partial<LedgerSettings> = {}, now?: () => number) {
  files += 1
  const path = join(folder, `${files}.db`)
  const troubles: unknown[] = []
  const onTrouble = (error: unknown) => troubles.push(error)
  const ledger = new CallLedger(
    new LedgerFile(path),
    { ...SETTINGS, ...settings },
    onTrouble,
    ...(now === undefined ? [] : ([now] as const)),
  )
  return { path, ledger, troubles, [Symbol.dispose]: () => ledger.close() }
}

const ANN = { projectId: 'p', userId: 'u', userName: 'ann' }

function call(fields: Partial<NotedCall> = {}): NotedCall {
  return {
    caller: ANN,
    userAgent: 'gophercloud/1.14.1',
    operation: 'list_images_detail',
    query: '',
    prefix: 'v2.1',
    microversion: '2.1',
    address: () => '192.0.2.7',
    ...fields,
  }
}

test('calls that say the same are one row; values of filters and names of properties tell nothing', () => {
  using opened = open()
  const { ledger } = opened
  ledger.note(call({ query: 'name=a&property-x=1&colour=red' }))
  ledger.note(call({ query: 'property-y=2&name=b&property=no' }))
  ledger.note(call({ query: 'limit=1' }))
  ledger.note(call({ caller: { ...ANN, projectId: null }, userAgent: undefined }))
  const rows = ledger.read({})
  assert.deepEqual(
    rows.map((row) => [row.client, row.clientVersion, row.filters.join(), callsOf(row)]),
    [
      ['gophercloud', '1.14.1', 'name,property', 2],
      ['gophercloud', '1.14.1', 'limit', 1],
      ['none', '', '', 1],
    ],
  )
  assert.equal(rows[0]?.userName, undefined)
  assert.equal(rows[0]?.address, undefined)
})

test('names of users and addresses are kept where that is asked for', () => {
  using opened = open({ withUsers: true, withAddresses: true })
  opened.ledger.note(call())
  const [row] = opened.ledger.read({})
  assert.deepEqual([row?.userName, row?.address], ['ann', '192.0.2.7'])
})

test('a call is in the file within a second, without being asked for', async () => {
  using opened = open()
  opened.ledger.note(call())
  const sinceMs = performance.now()
  using reader = new LedgerFile(opened.path)
  while (reader.read({}).length === 0) {
    assert.ok(performance.now() - sinceMs < 10_000, 'it is not written')
    await sleep(20)
  }
})

test('what cannot be written waits and is tried again', async () => {
  using opened = open()
  const { ledger, path, troubles } = opened
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  ledger.note(call())
  ledger.flush()
  other.exec('COMMIT')
  other.exec('ALTER TABLE calls RENAME TO hidden')
  ledger.flush()
  assert.equal(troubles.length, 1) // being busy is none
  other.exec('ALTER TABLE hidden RENAME TO calls')
  other.close()
  assert.equal(callsOf(ledger.read({})[0] ?? assert.fail()), 1)
})

test('a flood of new callers is bounded in memory and in the file, and every call is counted', () => {
  using opened = open({ rowsMax: 50 })
  const { ledger } = opened
  const calls = 12_000
  for (let n = 0; n < calls; n += 1) ledger.note(call({ caller: { ...ANN, userId: `u${n}` } }))
  ledger.flush()
  let rows = ledger.read({})
  assert.equal(
    rows.reduce((sum, row) => sum + callsOf(row), 0),
    calls,
  )
  assert.ok(rows.some(({ operation }) => operation === 'other'))
  ledger.note(call())
  rows = ledger.read({})
  assert.ok(rows.length <= 51, String(rows.length))
})

test('days older than the retention are forgotten', () => {
  let now = Date.parse('2026-01-01T00:00:00Z') / 1000
  const { path, ledger } = open({ retentionDays: 2 }, () => now)
  ledger.note(call())
  now += 86_400
  ledger.note(call())
  ledger.close()
  const later = new CallLedger(
    new LedgerFile(path),
    { ...SETTINGS, retentionDays: 2 },
    (error) => assert.fail(String(error)),
    () => now + 86_400,
  )
  later.note(call())
  assert.deepEqual([...(later.read({})[0]?.days.keys() ?? [])], ['2026-01-02', '2026-01-03'])
  later.close()
})

test('filters are told by their names', () => {
  assert.deepEqual(filterNames(filterBits('status=A&changes-since=&minRam=1&minDisk')), [
    'changes-since',
    'minDisk',
    'minRam',
    'status',
  ])
  assert.deepEqual(filterNames(filterBits('server=1;type=2&marker=x&type=3')), [
    'marker',
    'server',
    'type',
  ])
})
