import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { adviceFor } from '../../src/cli/report/advice.ts'
import { printReport } from '../../src/cli/report/page.ts'
import { summarise } from '../../src/cli/report/summary.ts'
import type { CallerDocument } from '../../src/ledger/document.ts'
import { type Addition, dayOf, LedgerFile } from '../../src/ledger/ledger-file.ts'
import { runCommand } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-report-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const NOW_MS = Date.parse('2026-11-26T12:00:00Z')

function caller(fields: Partial<CallerDocument> = {}): CallerDocument {
  const days = fields.days ?? { '2026-11-26': 5 }
  return {
    id: 1,
    project_id: 'p1',
    user_id: 'u1',
    client: 'curl',
    client_version: '8.0',
    operation: 'list_images_detail',
    filters: ['name'],
    prefix: 'v2.1',
    microversion: '2.1',
    first_seen: `${Object.keys(days)[0]}T00:00:00Z`,
    last_seen: `${Object.keys(days).at(-1)}T00:00:00Z`,
    calls: Object.values(days).reduce((sum, calls) => sum + calls, 0),
    ...fields,
    days,
  }
}

test('calls a day, by project, by client and by filter; who stopped and who began', () => {
  const summary = summarise(
    [
      caller(),
      caller({ project_id: 'gone', client: 'go', filters: [], days: { '2026-11-18': 7 } }),
      caller({ project_id: 'old', days: { '2026-11-18': 1, '2026-11-25': 2 } }),
      caller({ project_id: '', operation: 'other', days: { '2026-11-20': 100 } }),
    ],
    NOW_MS,
  )
  assert.equal(summary.calls, 115)
  assert.deepEqual(
    summary.days.map(({ calls }) => calls),
    [8, 0, 100, 0, 0, 0, 0, 2, 5],
  )
  const names = (shares: readonly { name: string; calls: number }[]) =>
    shares.map(({ name, calls }) => `${name} ${calls}`)
  assert.deepEqual(names(summary.byProject), ['gone 7', 'p1 5', 'old 3'])
  assert.deepEqual(names(summary.byClient), ['curl 8.0 8', 'go 8.0 7'])
  assert.deepEqual(names(summary.byFilter), ['name 8', '(none) 7'])
  assert.deepEqual(names(summary.stopped), ['gone 7'])
  assert.deepEqual(names(summary.began), ['p1 5'])
})

test('each caller gets the lines of its own client', () => {
  const list = caller({ filters: ['minRam', 'property'] })
  const curl = adviceFor(list)
  assert.equal(curl?.before, 'GET /v2.1/images/detail?minRam=512&property-KEY=VALUE')
  assert.match(curl?.after.text ?? '', /\/v2\/images\?min_ram=512&KEY=VALUE"$/)
  assert.match(adviceFor({ ...list, client: 'gophercloud' })?.after.text ?? '', /images\.List\(/)
  const command = adviceFor({ ...list, client: 'novaclient' })
  assert.equal(command?.after.text, 'openstack image list --property KEY=VALUE')
  assert.deepEqual(command?.after.missing, ['minRam=512'])
  for (const operation of [
    ...['list_images', 'show_image', 'delete_image', 'show_metadata', 'merge_metadata'],
    ...['replace_metadata', 'show_metadata_item', 'set_metadata_item', 'delete_metadata_item'],
  ]) {
    assert.ok(adviceFor(caller({ operation, filters: [] })) !== undefined, operation)
  }
  assert.equal(adviceFor(caller({ operation: 'of a newer version' })), undefined)
})

test('the page needs nothing from outside, and takes nothing of a caller for markup', () => {
  const odd = '<script>alert(1)</script>"&'
  const page = printReport(
    summarise([caller({ project_id: odd, user_name: odd, address: odd })], NOW_MS),
    '2026-11-26T12:00:00Z',
  )
  assert.doesNotMatch(page, /<script|<link|<img|@import|url\(|src=|href=/)
  assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&amp;/)
  assert.match(page, /<title>2026-11-26: 5 calls<\/title>/)
  assert.match(printReport(summarise([], NOW_MS), 'now'), /Nobody has called/)
})

test('the command writes it whole, for its owner alone, and not on a terminal', async () => {
  const path = join(folder, 'callers.db')
  const at = dayOf(Date.now() / 1000) * 86_400
  const addition: Addition = {
    key: {
      ...{ projectId: 'p1', userId: 'u1', client: 'curl', clientVersion: '', prefix: 'v2' },
      ...{ operation: 'show_image', filters: [], microversion: '' },
    },
    userName: undefined,
    address: undefined,
    firstSeenAt: at,
    lastSeenAt: at,
    days: new Map([[at / 86_400, 3]]),
  }
  {
    using file = new LedgerFile(path)
    file.add([addition])
  }
  const run = (...args: string[]) =>
    runCommand(['report', '--file', path, ...args], { cwd: folder })
  const written = await run('--output', 'report.html')
  assert.equal(written.code, 0)
  assert.match(written.stderr, /^3 calls of 1 projects written to report\.html\n$/)
  const file = join(folder, 'report.html')
  assert.match(readFileSync(file, 'utf8'), /<\/html>\n$/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match((await run()).stdout, /^<!doctype html>/)
  const nowhere = await run('--output', 'no/such/report.html')
  assert.equal(nowhere.code, 1)
  assert.equal(existsSync(join(folder, 'no')), false)
})
