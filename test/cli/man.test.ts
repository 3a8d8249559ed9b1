import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { text } from '../../src/cli/manual/roff.ts'
import { flagOf, OPTION_KEYS, variableOf } from '../../src/config/options.ts'
import { runCommand } from './harness.ts'

async function page(): Promise<string> {
  const { code, stdout } = await runCommand(['man'], { cwd: tmpdir() })
  assert.equal(code, 0)
  return stdout
}

/** The words of a page, as a reader sees them. */
function read(roff: string): string {
  return roff
    .replace(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '')
}

describe('man', () => {
  it('names every command that the help names, and says what it says', async () => {
    const help = await runCommand(['--help'], { cwd: tmpdir() })
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) .*? {2,}(\w.*)$/gm)]
    assert.ok(commands.length > 15)
    const words = read(await page())
    for (const [, name = ''] of commands.filter(([, name]) => name !== 'help')) {
      assert.match(words, new RegExp(`^\\.SS afterimage ${name}\\b`, 'm'), name)
    }
  })

  it('has every option of the configuration, with its variable and its key', async () => {
    const words = read(await page())
    for (const key of OPTION_KEYS) {
      assert.ok(words.includes(`\n${flagOf(key)} `), key)
      assert.ok(words.includes(`Variable ${variableOf(key)}, key ${key}.`), key)
    }
  })

  it('has the examples of a command as the help has them', async () => {
    const { stdout } = await runCommand(['user', 'grant', '--help'], { cwd: tmpdir() })
    const line = /Example:\n +(.*)\n/.exec(stdout)?.[1] ?? assert.fail(stdout)
    assert.ok(read(await page()).includes(`\n${line}\n`))
  })

  it('takes no text for a request of roff', () => {
    assert.equal(text(".data\n'quoted\\n' --x"), "\\&.data\n\\&'quoted\\en' \\-\\-x")
  })
})
