import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const NOT_PACKED_FROM = new Set(['node_modules', 'dist', '.git', 'afterimage-data', 'coverage'])
const NODE_MAJOR_MIN = 24
const STOP_TIMEOUT_MS = 20_000

const dir = mkdtempSync(join(tmpdir(), 'afterimage-package-'))
after(() => rmSync(dir, { recursive: true, force: true }))

/** As in a user's shell: without what `npm run` adds, and without settings of this project. */
function environment(nodeFolder?: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|AFTERIMAGE_|OS_)/.test(name))
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
  return {
    ...Object.fromEntries(own),
    PATH: [...(nodeFolder === undefined ? [] : [nodeFolder]), ...path].join(delimiter),
  }
}

function emptyFolder(name: string): string {
  const folder = join(dir, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  return folder
}

/** The folder of a Node too old for the product: the machine's own, or one from the registry. */
async function oldNode(): Promise<string> {
  const { stdout } = await run('node', ['-p', 'process.execPath'], { env: environment() })
  const version = await run('node', ['--version'], { env: environment() })
  if (Number.parseInt(version.stdout.slice(1), 10) < NODE_MAJOR_MIN) return dirname(stdout.trim())
  const folder = emptyFolder('old')
  await run('npm', ['install', 'node@20'], { cwd: folder, env: environment() })
  return join(folder, 'node_modules', 'node', 'bin')
}

let tarball = ''
let packed: readonly string[] = []
let oldNodeFolder = ''

before(async () => {
  const copy = join(dir, 'checkout')
  cpSync(CHECKOUT, copy, {
    recursive: true,
    filter: (path) => !NOT_PACKED_FROM.has(basename(path)),
  })
  symlinkSync(join(CHECKOUT, 'node_modules'), join(copy, 'node_modules'))
  // `tsc` is run by the `node` on the PATH, which may be too old for it.
  const env = environment(dirname(process.execPath))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], {
    cwd: copy,
    env,
  })
  const json = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
  tarball = join(dir, json[0].filename)
  packed = json[0].files.map(({ path }: { path: string }) => path)
  oldNodeFolder = await oldNode()
})

describe('the package', () => {
  it('holds the program, its examples and its papers, and nothing else', () => {
    const strangers = packed.filter(
      (path) =>
        !/^(bin|dist|examples|packaging)\//.test(path) &&
        !['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'].includes(path),
    )
    assert.deepEqual(strangers, [])
    const needed = [
      'bin/afterimage',
      'bin/package.json',
      'dist/cli/main.js',
      'dist/afterimage.1',
      'examples/images.json',
      'packaging/systemd/afterimage.service',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
    ]
    assert.deepEqual(
      needed.filter((path) => !packed.includes(path)),
      [],
    )
  })

  it('holds no TypeScript to run, no tests, and no maps to files that are not there', () => {
    const wrong = packed.filter((path) => /(?<!\.d)\.ts$|\.test\.|\.map$/.test(path))
    assert.deepEqual(wrong, [])
  })
})

describe('in an empty folder, beside node@26', () => {
  let folder = ''

  before(async () => {
    folder = emptyFolder('with-node')
    await run('npm', ['install', 'node@26', tarball], { cwd: folder, env: environment() })
    assert.ok(existsSync(join(folder, 'node_modules', 'node', 'bin', 'node')), 'Node is installed')
  })

  it('npx afterimage serve answers, and stops when told to', async () => {
    const anyPorts = ['--compute-port', '0', '--image-port', '0', '--identity-port', '0']
    const child = spawn('npx', ['afterimage', 'serve', '--example', ...anyPorts], {
      cwd: folder,
      env: environment(),
      detached: true, // so that npx and all that it starts can be told to stop
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    try {
      const greeting = await textWith(child, /curl .*\n/)
      const compute = /compute +(http\S+)/.exec(greeting)?.[1] ?? assert.fail(greeting)
      const health = await fetch(`${new URL(compute).origin}/healthcheck`)
      assert.equal(await health.text(), 'OK')
      const listed = await run('npx', ['afterimage', 'images', '--json'], {
        cwd: folder,
        env: environment(),
      })
      assert.ok(JSON.parse(listed.stdout).length > 0)
      await stopGroup(child)
      await assert.rejects(fetch(compute), 'nobody listens any more')
      const names = readdirSync(join(folder, 'afterimage-data'))
      assert.ok(names.includes('clouds.yaml'), names.join())
    } finally {
      await stopGroup(child)
    }
  })

  it('starts that Node when an old one runs it', async () => {
    const bin = join(folder, 'node_modules', 'afterimage', 'bin', 'afterimage')
    const { stdout } = await run(join(oldNodeFolder, 'node'), [bin, '--version'], {
      env: environment(oldNodeFolder),
    })
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  })
})

describe('in an empty folder, without the package node, on an old Node', () => {
  it('npx afterimage says in one line which Node is needed and how to get it', async () => {
    const folder = emptyFolder('without-node')
    const env = environment(oldNodeFolder)
    await run('npm', ['install', tarball], { cwd: folder, env })
    const outcome = await run('npx', ['afterimage', 'serve'], { cwd: folder, env }).then(
      () => assert.fail('it must not start'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
    assert.equal(outcome.code, 1)
    assert.equal(outcome.stdout, '')
    const lines = outcome.stderr.split('\n').filter((line) => line !== '' && !/^npm /.test(line))
    assert.equal(lines.length, 1, outcome.stderr)
    assert.match(lines[0] ?? '', /^afterimage: needs Node 24 or later.*npm install node@26/)
  })
})

/** What the child prints, up to where it matches. Rejects if it ends before. */
function textWith(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    let errors = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (pattern.test(text)) resolve(text)
    })
    child.once('close', () => reject(new Error(`it ended: ${text}${errors}`)))
  })
}

/** SIGTERM to the child and all that it started; waits until it has ended. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), STOP_TIMEOUT_MS)
  process.kill(-child.pid, 'SIGTERM')
  await ended
  clearTimeout(late)
}
