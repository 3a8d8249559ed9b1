import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { shellWord } from '../../src/successor/source-text.ts'
import { type Outcome, runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-serve-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const BIN = fileURLToPath(new URL('../../bin/afterimage', import.meta.url))
const ANY_PORTS = ['--compute-port', '0', '--image-port', '0', '--identity-port', '0']

interface Served {
  readonly greeting: string
  /** Stops it as a signal would. */
  stop(): Promise<Outcome>
}

/** Starts `serve` in this process, and waits until it says where it listens. */
async function serve(args: readonly string[]): Promise<Served> {
  const stop = new AbortController()
  let greet: (text: string) => void = () => undefined
  const greeted = new Promise<string>((resolve) => {
    greet = resolve
  })
  const ending = runCommand(['serve', ...ANY_PORTS, ...args], {
    cwd: dir,
    stop: stop.signal,
    onStdout: (text) => greet(text),
  })
  const early = ending.then(({ stderr }) => assert.fail(`it ended: ${stderr}`))
  const greeting = await Promise.race([greeted, early])
  early.catch(() => undefined)
  return {
    greeting,
    stop() {
      stop.abort()
      return ending
    },
  }
}

function urlOf(greeting: string, face: string): string {
  return new RegExp(`^ {2}${face} +(http://\\S+)`, 'm').exec(greeting)?.[1] ?? assert.fail(greeting)
}

/** What is pasted runs under the Node of this test, by the name that the greeting uses. */
function paste(line: string) {
  const script = `afterimage() { ${shellWord(process.execPath)} ${shellWord(BIN)} "$@"; }; ${line}`
  return promisify(execFile)('bash', ['-c', script], { cwd: '/' })
}

function hasCurl(): boolean {
  return spawnSync('curl', ['--version']).status === 0
}

describe('serve', () => {
  it('says where it listens, and stops when told to, with exit code 0', async () => {
    const served = await serve(['--data', 'one'])
    for (const face of ['compute', 'image', 'identity']) {
      const { origin } = new URL(urlOf(served.greeting, face))
      assert.equal((await fetch(`${origin}/healthcheck`)).status, 200)
    }
    const compute = urlOf(served.greeting, 'compute')
    const { code, stderr } = await served.stop()
    assert.equal(code, 0)
    assert.match(stderr, /stopping/)
    await assert.rejects(fetch(compute))
  })

  it('answers for a while after the signal when told to, and says so at /readiness', async () => {
    const served = await serve(['--data', 'one', '--shutdown-delay-ms', '3000'])
    const { origin } = new URL(urlOf(served.greeting, 'compute'))
    assert.equal((await fetch(`${origin}/readiness`)).status, 200)
    const ending = served.stop()
    const readiness = await fetch(`${origin}/readiness`)
    assert.deepEqual(
      [readiness.status, await readiness.text()],
      [503, 'server: it is about to stop'],
    )
    const { code, stderr } = await ending
    assert.equal(code, 0)
    assert.match(stderr, /stopping in 3000 ms; /)
    await assert.rejects(fetch(`${origin}/readiness`))
  })

  it('prints a curl line that lists the example images when pasted, and no password', async (t) => {
    if (!hasCurl()) return t.skip('curl is not installed: on Debian, "apt-get install curl"')
    const served = await serve(['--data', "it's here", '--example'])
    try {
      assert.match(served.greeting, /begins with \d+ example images/)
      const passwords = [
        ...readFileSync(join(dir, "it's here", 'clouds.yaml'), 'utf8').matchAll(
          /password: "?([^"\n]+)/g,
        ),
      ].map(([, password = '']) => password)
      assert.equal(passwords.length, 2)
      for (const password of passwords) assert.equal(served.greeting.includes(password), false)
      const line = /^ {2}(curl .*)$/m.exec(served.greeting)?.[1] ?? assert.fail(served.greeting)
      const { stdout } = await paste(line)
      assert.ok(JSON.parse(stdout).images.length >= 5)
    } finally {
      await served.stop()
    }
  })

  it('is what "images" asks when only the data folder is named', async () => {
    const served = await serve(['--data', 'three', '--example'])
    try {
      const args = ['images', '--data', 'three', '--status', 'active', '--json']
      const { code, stdout, stderr } = await runCommand(args, { cwd: dir })
      assert.equal(code, 0, stderr)
      const images: { status: string }[] = JSON.parse(stdout)
      assert.ok(images.length > 0)
      assert.ok(images.every(({ status }) => status === 'ACTIVE'))
    } finally {
      await served.stop()
    }
  })

  it('can be started twice on one data folder: what one knows, the other knows', async () => {
    const first = await serve(['--data', 'shared'])
    const second = await serve(['--data', 'shared'])
    try {
      const issued = await runCommand(['token', '--data', 'shared'], { cwd: dir })
      assert.equal(issued.code, 0, issued.stderr)
      const listed = await fetch(`${urlOf(first.greeting, 'compute')}/images/detail`, {
        headers: { 'x-auth-token': issued.stdout.trim() },
      })
      assert.deepEqual([listed.status, await listed.json()], [200, { images: [] }])
      const clouds = readFileSync(join(dir, 'shared', 'clouds.yaml'), 'utf8')
      assert.ok(clouds.includes(urlOf(second.greeting, 'identity')), clouds)
    } finally {
      await Promise.all([first.stop(), second.stop()])
    }
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with exit code 0 on ${signal}`, async () => {
      const child = spawn(process.execPath, [BIN, 'serve', '--data', signal, ...ANY_PORTS], {
        cwd: dir,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      child.stdout.once('data', () => child.kill(signal))
      const outcome = await new Promise<unknown[]>((resolve) => {
        child.once('close', (...how) => resolve(how))
      })
      assert.deepEqual(outcome, [0, null])
    })
  }

  it('reloads on SIGHUP, and goes on', async () => {
    const args = [BIN, 'serve', '--data', 'SIGHUP', '--log-level', 'info', ...ANY_PORTS]
    const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.once('data', () => child.kill('SIGHUP'))
    child.stderr.on('data', (piece: Buffer) => {
      if (String(piece).includes('reloaded: nothing has changed')) child.kill('SIGTERM')
    })
    const outcome = await new Promise<unknown[]>((resolve) => {
      child.once('close', (...how) => resolve(how))
    })
    assert.deepEqual(outcome, [0, null])
  })

  it('names port and flag when a port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const args = ['serve', '--data', 'four', ...ANY_PORTS, '--image-port', String(port)]
    const { code, stdout, stderr } = await runCommand(args, { cwd: dir })
    other.close()
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, new RegExp(`^afterimage: port ${port} .* in use; .*--image-port`))
  })

  it('says so when the data folder cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '')
    const { code, stderr } = await runCommand(['serve', '--data', 'file/below', ...ANY_PORTS], {
      cwd: dir,
    })
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: [^\n]*file\/below[^\n]*\n$/)
  })

  it('gives up where no folder can be made at all', {
    skip: process.platform === 'linux' ? false : 'there is no /proc',
  }, async () => {
    const { code, stderr } = await runCommand(['serve', '--data', '/proc/none', ...ANY_PORTS], {
      cwd: dir,
    })
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: \/proc\/none: there is no such file or folder; /)
  })

  it('refuses a wrong configuration before it makes anything', async () => {
    const { code, stderr } = await runCommand(['serve', '--data', 'five', '--host', 'a b'], {
      cwd: dir,
    })
    assert.equal(code, 2)
    assert.match(stderr, /^afterimage: --host: "a b" is not right/)
    assert.throws(() => readFileSync(join(dir, 'five')), /ENOENT/)
  })
})

describe('a word for the shell', () => {
  it('comes back from bash as it was', async () => {
    for (const text of ['plain/path', 'a b', "it's", '$HOME `x` "q" \\', '', '*', '-n']) {
      const { stdout } = await promisify(execFile)('bash', [
        '-c',
        `printf '<%s>' ${shellWord(text)}`,
      ])
      assert.equal(stdout, `<${text}>`)
    }
  })
})
