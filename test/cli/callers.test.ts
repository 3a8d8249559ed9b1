import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sparkline } from '../../src/cli/callers/print.ts'
import type { CallerDocument } from '../../src/ledger/document.ts'
import { type Addition, dayOf, LedgerFile } from '../../src/ledger/ledger-file.ts'
import { runCommand } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-callers-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const TODAY = dayOf(Date.now() / 1000)
const DAY_S = 86_400

function addition(client: string, daysAgo: number, calls: number): Addition {
  const at = (TODAY - daysAgo) * DAY_S
  const key = {
    ...{ projectId: 'p1', userId: 'u1', client, clientVersion: '1.0', prefix: 'v2.1' },
    ...{ operation: 'list_images', filters: ['name', 'status'], microversion: '2.1' },
  }
  return {
    key,
    userName: undefined,
    address: undefined,
    firstSeenAt: at,
    lastSeenAt: at,
    days: new Map([[TODAY - daysAgo, calls]]),
  }
}

function makeLedger(name: string, ...additions: Addition[]): string {
  const path = join(folder, name)
  using file = new LedgerFile(path)
  file.add(additions)
  return path
}

const callers = (...args: string[]) => runCommand(['callers', ...args], { cwd: folder })
const ONE = makeLedger('one.db', addition('curl', 0, 8), addition('curl', 1, 1))
const TWO = makeLedger('two.db', addition('go', 20, 3), addition('curl', 0, 2))

test('prints a row for each caller, the busiest first, with a bar for each day', async () => {
  const { code, stdout } = await callers('--file', ONE, TWO)
  assert.equal(code, 0)
  const [head, ...rows] = stdout.trimEnd().split('\n')
  assert.match(head ?? '', /^PROJECT +CLIENT +OPERATION +FILTERS +API +LAST SEEN +CALLS +LAST 14/)
  assert.match(
    rows[0] ?? '',
    /^p1 +curl 1\.0 +list_images +name,status +v2\.1 2\.1 .* 11 +·{12}▁█$/,
  )
  assert.match(rows[1] ?? '', /^p1 +go 1\.0 .* 3 +·{14}$/)
  assert.equal(rows.length, 2)
})

test('adds up several ledgers, as JSON and as CSV', async () => {
  const json = JSON.parse((await callers('--file', ONE, TWO, '--json')).stdout) as CallerDocument[]
  assert.deepEqual(
    json.map(({ id, client, calls }) => [id, client, calls]),
    [
      [1, 'curl', 11],
      [2, 'go', 3],
    ],
  )
  const { stdout } = await callers('--file', ONE, TWO, '--csv', '--client', 'curl')
  const lines = stdout.split('\r\n')
  assert.match(lines[0] ?? '', /^project_id,user_id,.*,day,calls$/)
  assert.match(lines[1] ?? '', /^p1,u1,,,curl,1\.0,list_images,"name,status",v2\.1,2\.1,.*,1$/)
  assert.equal(lines.length, 4)
})

test('asks for a day, a project and a client', async () => {
  const since = new Date(TODAY * DAY_S * 1000).toISOString().slice(0, 10)
  const { stdout } = await callers('--file', ONE, TWO, '--since', since, '--json')
  assert.deepEqual(
    (JSON.parse(stdout) as CallerDocument[]).map(({ client, calls }) => [client, calls]),
    [['curl', 10]],
  )
  assert.equal((await callers('--file', ONE, '--project', 'p2')).stdout, 'nobody has called\n')
})

test('says what is missing or wrong', async () => {
  const none = await callers('--data', join(folder, 'nowhere'))
  assert.equal(none.code, 1)
  assert.match(none.stderr, /there is no ledger .*nowhere\/callers\.db: nobody has been served/)
  const off = await callers('--data', folder, '--config', '/dev/null')
  assert.equal(off.code, 1)
  const day = await callers('--file', ONE, '--since', 'yesterday')
  assert.equal(day.code, 2)
  assert.match(day.stderr, /--since "yesterday" must be a date/)
  assert.equal((await callers('--file', ONE, '--json', '--csv')).code, 2)
})

test('a sparkline has a dot for no calls, and its own highest bar', () => {
  assert.equal(sparkline([0, 1, 4, 8]), '·▁▄█')
  assert.equal(sparkline([0, 0]), '··')
})
