import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { runCommand } from '../../test/cli/harness.ts'

/** The manual page, read by both programs that show manual pages (packages: mandoc, man-db). */

const run = promisify(execFile)

const dir = mkdtempSync(join(tmpdir(), 'afterimage-man-'))
const page = join(dir, 'afterimage.1')
after(() => rmSync(dir, { recursive: true, force: true }))

before(async () => {
  const { stdout } = await runCommand(['man'], { cwd: dir })
  writeFileSync(page, stdout)
})

describe('the manual page', () => {
  it('has nothing that mandoc warns of, but for a date, which the definitions do not have', async () => {
    const { stdout } = await run('mandoc', ['-T', 'lint', '-W', 'warning', page]).catch(
      (error: { stdout: string }) => error,
    )
    const warnings = stdout.split('\n').filter((line) => line !== '')
    assert.deepEqual(warnings, [`mandoc: ${page}:1:18: WARNING: missing date, using "": TH`])
  })

  it('is printed by man without a warning, as Debian checks its pages', async () => {
    const { stdout, stderr } = await run(
      'man',
      ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', page],
      { env: { ...process.env, LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' } },
    )
    assert.equal(stderr, '')
    assert.ok(stdout.length > 0)
  })

  it('shows commands as they are typed', async () => {
    const { stdout } = await run('man', ['-P', 'cat', '-l', page], {
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '120' },
    })
    assert.match(stdout, /^NAME\n {7}afterimage - /m)
    assert.match(stdout, /^ {3}afterimage user grant USER ROLE \[OPTIONS\]$/m)
    assert.match(stdout, /^ {11}afterimage user grant ann reader --project web$/m)
  })
})
