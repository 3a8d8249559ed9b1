import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { readRecords } from '../../test/golden/records.ts'
import { ownEnvironment } from '../own-environment.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { Judge, type Reported } from './named-differences.ts'
import { seedRecordedImages } from './seed.ts'
import { BIN, type Front, startFront } from './start-front.ts'
import { startTwin, type Twin } from './twin.ts'

const RANDOM_REQUESTS = Number(process.env['COMPARE_REQUESTS'] ?? 2000)
const EXIT_DIFFERENT = 1
const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024
/** Recorded while a service was stopped; outages.test.ts is about those. */
const OUTAGES = new Set(['glance-down', 'keystone-down'])

const folder = mkdtempSync(join(tmpdir(), 'afterimage-compare-suite-'))
let cloud: Cloud
let front: Front
let twin: Twin
let placeholders: ReadonlyMap<string, string>

before(async () => {
  cloud = await startCloud()
  placeholders = await seedRecordedImages(cloud)
  front = await startFront(['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl])
  twin = await startTwin(cloud)
})

after(async () => {
  await twin?.[Symbol.asyncDispose]()
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('what was recorded from Nova is answered as the live Nova answers it, but for named differences', async (t) => {
  const tokens: readonly (readonly [string, string])[] = [
    ['{token:alt}', await cloud.token('alt_demo', 'alt')],
    ['{token:admin}', await cloud.token('admin', 'admin')],
    ['{token:reader}', await cloud.token('demo_reader', 'demo')],
    ['{token:fresh}', await cloud.token('demo', 'demo')],
    ['{token:expired}', cloud.expiredToken],
    ['{project:alt}', cloud.projects.alt],
    ['{project:admin}', cloud.projects.admin],
    ['{base}', 'http://base.test'],
  ]
  const records = readRecords().filter(
    ({ group, path }) => !OUTAGES.has(group) && path.startsWith('/'),
  )
  const lines = records.map(({ group, name, method, path, headers, body }) => {
    let line = JSON.stringify({ group, name, method, path, headers, body })
    for (const [placeholder, value] of [...placeholders, ...tokens]) {
      line = line.replaceAll(placeholder, value)
    }
    return line
  })
  const file = join(folder, 'recorded.jsonl')
  writeFileSync(file, lines.join('\n'), { mode: 0o600 })
  await judgeRun(t, ['--requests', file])
})

test(`${RANDOM_REQUESTS} requests by chance are answered as Nova answers them, but for named differences`, async (t) => {
  const seed = Number(process.env['COMPARE_SEED'] ?? randomInt(2 ** 31 - 1))
  t.diagnostic(`COMPARE_SEED=${seed} asks the same again`)
  const { requests } = await judgeRun(t, ['--random', `${RANDOM_REQUESTS}`, '--seed', `${seed}`])
  assert.equal(requests, RANDOM_REQUESTS)
})

async function judgeRun(t: TestContext, flags: readonly string[]) {
  const report = await compare(flags)
  const judge = new Judge(cloud, front.url, placeholders, twin)
  for (const difference of report.differences) await judge.judge(difference)
  const { unexplained, counts } = judge
  const named = report.differences.length - unexplained.length
  const agree = report.requests - report.differences.length
  t.diagnostic(`${agree} agree, ${named} differ as named, ${unexplained.length} differ otherwise`)
  for (const [id, count] of [...counts].sort()) t.diagnostic(`  ${id}: ${count}`)
  assert.ok(unexplained.length === 0, `differ otherwise:\n${unexplained.join('\n')}`)
  assert.ok(agree > report.requests / 10, 'hardly anything agrees: what was compared?')
  return report
}

async function compare(flags: readonly string[]): Promise<{
  readonly requests: number
  readonly differences: readonly Reported[]
}> {
  const args = [BIN, 'compare', cloud.novaUrl, front.url, '--json', ...flags]
  const env = {
    ...ownEnvironment(),
    OS_AUTH_URL: `${cloud.keystoneUrl}/v3`,
    OS_USERNAME: 'demo',
    OS_PASSWORD: cloud.password,
    OS_PROJECT_NAME: 'demo',
  }
  const { code, stdout, stderr } = await new Promise<{
    code: unknown
    stdout: string
    stderr: string
  }>((resolve) =>
    execFile(process.execPath, args, { env, maxBuffer: OUTPUT_BYTES_MAX }, (error, out, err) =>
      resolve({ code: error?.code, stdout: out, stderr: err }),
    ),
  )
  assert.equal(code, EXIT_DIFFERENT, stderr)
  return JSON.parse(stdout)
}
