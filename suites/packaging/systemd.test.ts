import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * The units of `packaging/systemd`, read by systemd itself (package: systemd). What a service may not do is tried
 * in suites/production, where the server runs so.
 */

const run = promisify(execFile)

const UNITS = fileURLToPath(new URL('../../packaging/systemd', import.meta.url))
const NODE = '/opt/afterimage/current/node_modules/node/bin/node'
/** Of 100; a service without any of these options has 92 to 96. */
const EXPOSURE_MAX = { 'afterimage.service': 13, 'afterimage-backup.service': 12 }

const dir = mkdtempSync(join(tmpdir(), 'afterimage-units-'))
after(() => rmSync(dir, { recursive: true, force: true }))

interface Outcome {
  readonly code: number
  readonly output: string
}

/** A folder of the units, changed by `edit`, with a Node that is on this machine. */
function units(edit = (text: string, _name: string) => text): string {
  const folder = mkdtempSync(join(dir, 'units-'))
  cpSync(UNITS, folder, { recursive: true })
  for (const name of ['afterimage.service', 'afterimage-backup.service']) {
    const text = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), edit(text.replace(NODE, process.execPath), name))
  }
  return folder
}

async function analyze(...args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await run('systemd-analyze', args)
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: stdout + stderr }
  }
}

/** What `systemd-analyze verify` says of these units; it also reads others of this machine. */
async function verify(folder: string): Promise<readonly string[]> {
  const names = ['afterimage.service', 'afterimage-backup.service', 'afterimage-backup.timer']
  const { output } = await analyze('verify', '--man=no', ...names.map((name) => join(folder, name)))
  return output.split('\n').filter((line) => line.includes('afterimage'))
}

async function security(folder: string, name: keyof typeof EXPOSURE_MAX, t: TestContext) {
  const { code, output } = await analyze(
    ...['security', '--no-pager', '--offline=yes', `--threshold=${EXPOSURE_MAX[name]}`],
    join(folder, name),
  )
  t.diagnostic(/Overall exposure level .*/.exec(output)?.[0] ?? output)
  return code
}

describe('systemd-analyze verify', () => {
  it('finds nothing wrong with the units', async () => {
    assert.deepEqual(await verify(units()), [])
  })

  it('finds an option that there is not', async () => {
    const folder = units((text) => text.replace('ProtectHome=', 'ProtectHouse='))
    assert.match((await verify(folder)).join('\n'), /Unknown key.*'ProtectHouse'/)
  })

  it('reads the addition for a service user too', async () => {
    const folder = units()
    const file = join(folder, 'afterimage.service.d', 'cloud.conf')
    writeFileSync(file, readFileSync(file, 'utf8').replace('LoadCredential=', 'LoadSecret='))
    assert.match((await verify(folder)).join('\n'), /cloud\.conf:\d+: Unknown key.*'LoadSecret'/)
  })
})

describe('systemd-analyze security', () => {
  for (const name of ['afterimage.service', 'afterimage-backup.service'] as const) {
    const max = EXPOSURE_MAX[name] / 10
    it(`gives ${name} an exposure of at most ${max} of 10`, async (t) => {
      assert.equal(await security(units(), name, t), 0)
    })

    it(`gives ${name} more without its system calls filter`, async (t) => {
      const folder = units((text) => text.replaceAll(/^SystemCallFilter=.*\n/gm, ''))
      assert.notEqual(await security(folder, name, t), 0)
    })
  }
})
