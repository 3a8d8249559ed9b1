import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { flagOf, OPTION_KEYS } from '../../src/config/options.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-cli-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const COMMANDS = [
  'serve',
  'import',
  'export',
  'images',
  'compare',
  'token',
  'project',
  'user',
  'credential',
  'config',
  'completion',
  'man',
]

describe('help and version', () => {
  it('prints the version of the package', async () => {
    const { code, stdout } = await runCommand(['--version'], { cwd: dir })
    assert.equal(code, 0)
    assert.equal(stdout, `${manifest.version}\n`)
  })

  it('names every command in the help, which goes to stdout when asked for', async () => {
    const { code, stdout, stderr } = await runCommand(['--help'], { cwd: dir })
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'))
  })

  it('prints the help on stderr, as an error, when called without a command', async () => {
    const { code, stdout, stderr } = await runCommand([], { cwd: dir })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^Usage: afterimage/)
  })

  it('has an example in the help of each command and subcommand', async () => {
    const nested: Record<string, readonly string[]> = {
      project: ['list', 'add', 'set', 'remove'],
      user: ['list', 'add', 'set', 'remove', 'grant', 'revoke'],
      credential: ['create', 'list', 'delete'],
      config: ['check', 'show'],
    }
    for (const command of COMMANDS) {
      for (const sub of nested[command] ?? ['']) {
        const words = [command, sub].filter((word) => word !== '')
        const { stdout } = await runCommand([...words, '--help'], { cwd: dir })
        assert.match(stdout, new RegExp(`Examples?:\n +.*afterimage ${words.join(' ')}`), command)
      }
    }
  })

  it('offers every option of the table as a flag of serve', async () => {
    const { stdout } = await runCommand(['serve', '--help'], { cwd: dir })
    for (const key of OPTION_KEYS) assert.match(stdout, new RegExp(`^ {2}${flagOf(key)} <`, 'm'))
  })
})

describe('errors', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['serv'], "unknown command 'serv' (Did you mean serve?); --help says what there is"],
    [['serve', '--prot', '1'], "unknown option '--prot'; --help says what there is"],
    [
      ['serve', '--compute-prot', '1'],
      "unknown option '--compute-prot' (Did you mean --compute-port?); --help says what there is",
    ],
    [
      ['export', '--format', 'xml'],
      "option '--format <FORMAT>' argument 'xml' is invalid. Allowed choices are array, lines.; " +
        '--help says what there is',
    ],
    [['project', 'set', 'web'], 'say what to change: --name, --description, --enable or --disable'],
    [['user', 'set', 'ann', '--enable', '--disable'], 'give --enable or --disable, not both'],
    [
      ['user', 'add', 'ann', '--password-stdin', '--generate-password'],
      'give one of --password, --password-stdin and --generate-password',
    ],
    [
      ['user', 'add', 'ann'],
      'there is no terminal to ask for the password on; give --password-stdin or --generate-password',
    ],
    [
      ['credential', 'create', 'ci'],
      "required option '--user <USER>' not specified; --help says what there is",
    ],
    [
      ['credential', 'create', 'ci', '--user', 'demo', '--expires-in-days', '0'],
      "option '--expires-in-days <DAYS>' argument '0' is invalid. It is a number from 1 to 36500.; " +
        '--help says what there is',
    ],
    [
      ['credential', 'create', 'ci', '--user', 'demo', '--expires-at', '2099-02-30T00:00:00Z'],
      "option '--expires-at <TIME>' argument '2099-02-30T00:00:00Z' is invalid. It is a time with " +
        'its zone, as 2027-01-31T00:00:00Z.; --help says what there is',
    ],
    [
      ['credential', 'create', 'ci', '--user', 'demo', '--expires-at', '2020-01-01T00:00:00Z'],
      '--expires-at is a time that is past',
    ],
    [
      ['user', 'add', 'ann', '--password', 'hunter2'],
      "too many arguments for 'add'. Expected 1 argument but got 2.; --help says what there is",
    ],
  ]
  for (const [args, expected] of cases) {
    it(`of usage are one line and exit code 2: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await runCommand(args, { cwd: dir })
      assert.deepEqual(
        { code, stdout, stderr },
        {
          code: 2,
          stdout: '',
          stderr: `afterimage: ${expected}\n`,
        },
      )
    })
  }

  it('show a stack trace only with AFTERIMAGE_DEBUG', async () => {
    const args = ['config', 'check', '--host', '']
    const quiet = await runCommand(args, { cwd: dir })
    assert.doesNotMatch(quiet.stderr, / at /)
    const environment = { AFTERIMAGE_DEBUG: '1' }
    const loud = await runCommand(args, { cwd: dir, environment })
    assert.match(loud.stderr, /ConfigError.*\n(.*\n)* +at /)
  })
})

describe('config', () => {
  it('check says that all is right, or everything that is not, with exit code 2', async () => {
    const right = await runCommand(['config', 'check'], { cwd: dir })
    assert.deepEqual(right, { code: 0, stdout: 'the configuration is right\n', stderr: '' })
    writeFileSync(join(dir, 'bad.yaml'), 'hots: x\nlog:\n  level: loud\n')
    const wrong = await runCommand(['config', 'check', '--config', 'bad.yaml'], { cwd: dir })
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /^afterimage: bad\.yaml:1: .*\nafterimage: bad\.yaml:3: .*\n$/)
  })

  it('show tells each value and where it comes from, and no password', async () => {
    writeFileSync(join(dir, 'good.yaml'), 'host: ::1\n')
    const environment = { AFTERIMAGE_IMAGE_PORT: '7', AFTERIMAGE_PASSWORD: 'open sesame' }
    const args = ['config', 'show', '--config', 'good.yaml', '--compute-port', '8']
    const { code, stdout } = await runCommand(args, { cwd: dir, environment })
    assert.equal(code, 0)
    assert.match(stdout, /^host +::1 +good\.yaml:1$/m)
    assert.match(stdout, /^image\.port +7 +AFTERIMAGE_IMAGE_PORT$/m)
    assert.match(stdout, /^compute\.port +8 +--compute-port$/m)
    assert.match(stdout, /^identity\.port +5000 +default$/m)
    assert.match(stdout, /^password +\[redacted\] +AFTERIMAGE_PASSWORD$/m)
    assert.doesNotMatch(stdout, /sesame/)
    const json = await runCommand([...args, '--json'], { cwd: dir, environment })
    const shown = JSON.parse(json.stdout)
    assert.deepEqual(shown['compute.port'], { value: 8, from: '--compute-port' })
    assert.deepEqual(shown['compute.publicUrl'], { value: null, from: 'default' })
  })
})
