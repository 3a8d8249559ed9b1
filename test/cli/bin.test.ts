import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-bin-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const BIN = fileURLToPath(new URL('../../bin', import.meta.url))
const POSIX_ONLY = { skip: process.platform === 'win32' ? 'the stand-in is a shell script' : false }

/** Makes a Node believe that it is another one, before it reads the program. */
const OLD_NODE = join(dir, 'old-node.cjs')
writeFileSync(
  OLD_NODE,
  `const v = Object.assign({}, process.versions, { node: '12.22.0' })
  Object.defineProperty(process, 'versions', { value: v })
  Object.defineProperty(process, 'version', { value: 'v12.22.0' })`,
)

/** A folder as npm leaves it: afterimage's bin, and perhaps the package `node` with a stand-in. */
function install(name: string, node?: { readonly version: string; readonly script?: string }) {
  const modules = join(dir, name, 'node_modules')
  cpSync(BIN, join(modules, 'afterimage', 'bin'), { recursive: true })
  if (node !== undefined) {
    mkdirSync(join(modules, 'node', 'bin'), { recursive: true })
    const manifest = JSON.stringify({ name: 'node', version: node.version })
    writeFileSync(join(modules, 'node', 'package.json'), manifest)
    const binary = join(modules, 'node', 'bin', 'node')
    if (node.script !== undefined) writeFileSync(binary, `#!/bin/sh\n${node.script}\n`)
    if (node.script !== undefined) chmodSync(binary, 0o755)
  }
  return join(modules, 'afterimage', 'bin', 'afterimage')
}

function start(bin: string, args: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, ['-r', OLD_NODE, bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function ended(child: ChildProcess) {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString()
    })
  }
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...outcome) => resolve(outcome))
  })
  return { code, signal, ...texts }
}

describe('bin/afterimage on an old Node', () => {
  it('says in one line which Node is needed and how to get it', async () => {
    const { code, stdout, stderr } = await ended(start(install('none')))
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      /^afterimage: needs Node 24 or later, and this is v12\.22\.0: .*npm install node@26.*nodejs\.org\n$/,
    )
  })

  it('says the same where the Node beside it is old too', async () => {
    const bin = install('old', { version: '20.1.0', script: 'echo wrong' })
    const { code, stderr } = await ended(start(bin))
    assert.equal(code, 1)
    assert.match(stderr, /needs Node 24 or later/)
  })

  it('says what to do where the install script of the Node beside it was not run', async () => {
    const { code, stderr } = await ended(start(install('blocked', { version: '26.0.0' })))
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: .*install script was not run; run "npm rebuild node"\n$/)
  })

  it('starts the Node beside it with the same arguments', POSIX_ONLY, async () => {
    const script = 'shift; for word in "$@"; do echo "<$word>"; done; exit 7'
    const bin = install('good', { version: '26.0.0', script })
    const { code, stdout } = await ended(start(bin, ['serve', '--data', 'a b', '']))
    assert.equal(stdout, '<serve>\n<--data>\n<a b>\n<>\n')
    assert.equal(code, 7)
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`passes ${signal} on, and waits for the end`, POSIX_ONLY, async () => {
      const name = signal.slice(3)
      const script = `trap 'echo stopping; exit 3' ${name}; echo ready; for i in $(seq 200); do sleep 0.05; done`
      const child = start(install(name, { version: '26.0.0', script }))
      child.stdout?.once('data', () => child.kill(signal))
      const { code, stdout } = await ended(child)
      assert.equal(stdout, 'ready\nstopping\n')
      assert.equal(code, 3)
    })
  }

  it('ends by the signal that ended the Node beside it', POSIX_ONLY, async () => {
    const bin = install('killed', { version: '26.0.0', script: 'kill -KILL $$' })
    const { code, signal } = await ended(start(bin))
    assert.deepEqual([code, signal], [null, 'SIGKILL'])
  })
})

describe('bin/afterimage', () => {
  it('runs from the sources in a checkout', async () => {
    const child = spawn(process.execPath, [join(BIN, 'afterimage'), '--version'])
    const { code, stdout, stderr } = await ended(child)
    assert.equal(stderr, '')
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
    assert.equal(code, 0)
  })

  it('is quiet when nobody reads its output any more', POSIX_ONLY, async () => {
    const program = `"${process.execPath}" "${join(BIN, 'afterimage')}" --help`
    const child = spawn('sh', ['-c', `(sleep 0.3; ${program}; echo "code $?" >&2) | true`])
    const { stderr } = await ended(child)
    assert.equal(stderr, 'code 0\n')
  })

  it('ends with exit code 2 when it is called wrongly', async () => {
    const { code, stderr } = await ended(spawn(process.execPath, [join(BIN, 'afterimage'), 'x']))
    assert.equal(code, 2)
    assert.match(stderr, /^afterimage: unknown command 'x'/)
  })
})
