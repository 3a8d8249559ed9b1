import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { runCommand } from '../../test/cli/harness.ts'
import { typeInto } from './shell.ts'

/** Completion in the shells themselves (packages: zsh, fish): a Tab is typed, and the line is then run. */

const run = promisify(execFile)

const dir = mkdtempSync(join(tmpdir(), 'afterimage-completion-'))
const FILES = { bash: 'afterimage.bash', zsh: '_afterimage', fish: 'afterimage.fish' }
after(() => rmSync(dir, { recursive: true, force: true }))

before(async () => {
  for (const [shell, file] of Object.entries(FILES)) {
    const { stdout } = await runCommand(['completion', shell], { cwd: dir })
    writeFileSync(join(dir, file), stdout)
  }
  writeFileSync(join(dir, 'some file.json'), '[]')
  writeFileSync(join(dir, 'copied'), '')
  mkdirSync(join(dir, 'copies'))
})

/** Shows the words of a line that calls it. */
const SHOWING = `afterimage() { printf '<'; printf '[%s]' "$@"; printf '>\\n'; }`

/** What is typed, and the words that the command must then get. */
const TYPED: readonly (readonly [string, string])[] = [
  ['afterimage serv\t', '[serve]'],
  ['afterimage use\tgran\tann rea\t', '[user][grant][ann][reader]'],
  ['afterimage serve --identity-po\t', '[serve][--identity-port]'],
  ['afterimage serve --log-format te\t', '[serve][--log-format][text]'],
  ['afterimage serve --log-format=te\t', '[serve][--log-format=text]'],
  ['afterimage serve --config some\t', '[serve][--config][some file.json]'],
  ['afterimage import some\t', '[import][some file.json]'],
  ['afterimage backup copi\t', '[backup][copies/]'],
  ['afterimage check --data copi\t', '[check][--data][copies/]'],
  ['afterimage project add serv\t', '[project][add][serv]'],
  ['afterimage completion fi\t', '[completion][fish]'],
]

/** zsh takes the slash of a folder away where the line ends. */
function asZsh(words: string): string {
  return words.replace('/]', ']')
}

const LINES = TYPED.map(([line]) => line)

describe('Tab in bash', () => {
  let words: readonly string[] = []
  before(async () => {
    words = await typeInto('bash --norc -i', dir, [`source ${FILES.bash}`, SHOWING], LINES)
  })
  for (const [place, [line, expected]] of TYPED.entries()) {
    it(`${JSON.stringify(line)} calls it with ${expected}`, () =>
      assert.equal(words[place], expected))
  }
})

const ZSH_WAYS = {
  'a file of fpath': ['fpath=($PWD $fpath)', 'autoload -Uz compinit', 'compinit -u -D', SHOWING],
  source: ['autoload -Uz compinit', 'compinit -u -D', `source ./${FILES.zsh}`, SHOWING],
}

for (const [way, setUp] of Object.entries(ZSH_WAYS)) {
  describe(`Tab in zsh, by ${way}`, () => {
    let words: readonly string[] = []
    before(async () => {
      words = await typeInto('zsh -f -i', dir, setUp, LINES)
    })
    for (const [place, [line, expected]] of TYPED.entries()) {
      it(`${JSON.stringify(line)} calls it with ${asZsh(expected)}`, () =>
        assert.equal(words[place], asZsh(expected)))
    }
  })
}

describe('fish offers', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['afterimage serv', ['serve']],
    ['afterimage user ', ['add', 'grant', 'list', 'remove', 'revoke', 'set']],
    ['afterimage user grant ann rea', ['reader']],
    ['afterimage serve --identity-po', ['--identity-port']],
    ['afterimage serve --log-format ', ['json', 'text']],
    ['afterimage serve --log-format=te', ['--log-format=text']],
    ['afterimage serve --config some', ['some file.json']],
    ['afterimage import some', ['some file.json']],
    ['afterimage backup copi', ['copies/']],
    ['afterimage check --data copi', ['copies/']],
    ['afterimage project add serv', []],
    ['afterimage completion fi', ['fish']],
  ]
  for (const [line, expected] of cases) {
    it(`for "${line}": ${expected.join(' ') || 'nothing'}`, async () => {
      const command = `source ${FILES.fish}; complete -C '${line}'`
      const { stdout, stderr } = await run('fish', ['--no-config', '-c', command], { cwd: dir })
      assert.equal(stderr, '')
      const offered = stdout.split('\n').slice(0, -1)
      assert.deepEqual(offered.map((word) => word.split('\t')[0]).toSorted(), expected)
    })
  }
})
