import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { flagOf, OPTION_KEYS } from '../../src/config/options.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(`${tmpdir()}/afterimage-completion-`)
after(() => rmSync(dir, { recursive: true, force: true }))

async function completion(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['completion', shell], { cwd: dir })
  assert.equal(code, 0, stderr)
  return stdout
}

describe('completion bash, in a real bash', () => {
  /** Words as bash splits a line, each with what it must offer for the last of them. */
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['afterimage ser', ['serve']],
    ['afterimage c', ['check', 'callers', 'compare', 'credential', 'config', 'completion']],
    ['afterimage --ver', ['--version']],
    ['afterimage user ', ['list', 'add', 'set', 'remove', 'grant', 'revoke']],
    ['afterimage user set ann --en', ['--enable']],
    ['afterimage serve --compute-p', ['--compute-port', '--compute-public-url']],
    ['afterimage serve --log-format ', ['json', 'text']],
    ['afterimage serve --log-format = t', ['text']],
    [
      'afterimage serve --log-format = json --log-level =',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    ],
    ['afterimage serve --compression t', ['true']],
    ['afterimage export --format l', ['lines']],
    ['afterimage images --via ', ['compute', 'image']],
    ['afterimage user grant ann ', ['admin', 'member', 'reader']],
    ['afterimage user grant --project web ann r', ['reader']],
    ['afterimage user add ann --role m', ['member']],
    ['afterimage translate --tool op', ['openstack', 'openstacksdk']],
    ['afterimage completion ', ['bash', 'zsh', 'fish']],
    ['afterimage config show --js', ['--json']],
    ['afterimage import ', ['<default>']],
    ['afterimage import a.json ', ['<default>']],
    ['afterimage serve --config ', ['<default>']],
    ['afterimage serve --data ', ['<dirnames>']],
    ['afterimage backup ', ['<dirnames>']],
    ['afterimage export -o ', ['<default>']],
    ['afterimage serve --host ', []],
    ['afterimage project add ', []],
    [
      'afterimage project add config --',
      ['--json', '--config', '--data', '--id', '--description', '--help'],
    ],
    ['afterimage nonsense --', ['--version', '--help']],
  ]
  let offered: readonly (readonly string[])[] = []

  before(async () => {
    const words = cases.map(([line]) => line)
    const script = `${await completion('bash')}
compopt() { COMPREPLY=("<$2>"); }
for line in "$@"; do
  IFS=' ' read -ra COMP_WORDS <<<"$line"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _afterimage
  echo "\${COMPREPLY[*]}"
done`
    const { stdout, stderr } = await promisify(execFile)('bash', [
      ...['--norc', '-uc', script, 'bash'],
      ...words,
    ])
    assert.equal(stderr, '')
    const lines = stdout.split('\n').slice(0, -1)
    offered = lines.map((line) => line.split(' ').filter((word) => word !== ''))
  })

  for (const [place, [line, expected]] of cases.entries()) {
    it(`offers for "${line}": ${expected.join(' ') || 'nothing'}`, () => {
      assert.deepEqual(offered[place]?.toSorted(), expected.toSorted())
    })
  }
})

describe('completion', () => {
  for (const [shell, form] of [
    ['bash', (flag: string) => flag],
    ['zsh', (flag: string) => `'${flag}=[`],
    ['fish', (flag: string) => ` -l ${flag.slice(2)} `],
  ] as const) {
    it(`of ${shell} knows every option of the configuration`, async () => {
      const script = await completion(shell)
      const missing = OPTION_KEYS.filter((key) => !script.includes(form(flagOf(key))))
      assert.deepEqual(missing, [])
    })
  }

  it('of another shell is refused, with those that there are', async () => {
    const { code, stderr } = await runCommand(['completion', 'tcsh'], { cwd: dir })
    assert.equal(code, 2)
    assert.match(stderr, /^afterimage: .*tcsh.*bash, zsh, fish.*\n$/)
  })
})
