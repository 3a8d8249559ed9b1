import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-end-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function check(...flags: string[]) {
  return runCommand(['config', 'check', ...flags], { cwd: folder })
}

test('config check says when the calls end and when the next brownout is', async () => {
  const { code, stdout } = await check(
    '--deprecation-sunset-at=2999-06-30T02:00:00+02:00',
    '--deprecation-after-sunset=gone',
    '--deprecation-brownouts=2998-03-01 10:00-10:15 UTC,2999-12-01 10:00-10:15 UTC',
    '--deprecation-except-clients=curl',
  )
  assert.equal(code, 0)
  assert.deepEqual(stdout.split('\n').slice(1, -1), [
    'the image calls end at 2999-06-30T00:00:00Z; after it they are answered with 410',
    'the image calls are refused with 410 2998-03-01 10:00-10:15 UTC: next from 2998-03-01T10:00:00Z to 2998-03-01T10:15:00Z',
    'the image calls are refused with 410 2999-12-01 10:00-10:15 UTC: does not come any more',
    'not refused: curl',
  ])
})

test('a date before the deprecation, and what goes with no date, are refused', async () => {
  for (const [flags, words] of [
    [['--deprecation-sunset-at=2016-06-21T23:59:59Z'], /not before 2016-06-22/],
    [['--deprecation-sunset-at=tomorrow'], /must be a time such as/],
    [['--deprecation-after-sunset=gone'], /needs a date/],
    [['--deprecation-except-projects=abc'], /exception from nothing/],
    [['--deprecation-brownouts=Tue 10:00-10:15'], /must be windows such as/],
    [['--deprecation-except-clients=nonsense'], /client families/],
    [['--deprecation-policy-url=https://x.test/"><b'], /address of a page/],
  ] as const) {
    const { code, stderr } = await check(...flags)
    assert.notEqual(code, 0, flags.join(' '))
    assert.match(stderr, words)
  }
})
