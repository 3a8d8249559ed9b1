import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** `npm start` and `npx` in a checkout: the server ends with the npm that started it. */

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const END_TIMEOUT_MS = 20_000

const dir = mkdtempSync(join(tmpdir(), 'afterimage-npm-start-'))
after(() => rmSync(dir, { recursive: true, force: true }))

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const STARTS = [
  ['SIGTERM', 'npm', 'start'],
  ['SIGINT', 'npm', 'start'],
  ['SIGTERM', 'npx', 'afterimage', 'serve'],
] as const

for (const [signal, command, ...args] of STARTS) {
  it(`${signal} to ${command} ends the server, and its port is free again`, async () => {
    const ports = { COMPUTE: '0', IMAGE: '0', IDENTITY: '0' }
    const child = spawn(command, args, {
      cwd: CHECKOUT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        AFTERIMAGE_DATA: join(dir, command, signal),
        ...Object.fromEntries(
          Object.entries(ports).map(([face, port]) => [`AFTERIMAGE_${face}_PORT`, port]),
        ),
      },
    })
    let stdout = ''
    for await (const chunk of child.stdout
      .setEncoding('utf8')
      .iterator({ destroyOnReturn: false })) {
      stdout += chunk
      if (stdout.includes('To list the images')) break
    }
    child.stdout.resume()
    const port = Number(/compute +http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1])
    assert.equal(await isOpen(port), true)
    child.kill(signal)
    await once(child, 'exit')
    const deadlineMs = performance.now() + END_TIMEOUT_MS
    while (await isOpen(port)) {
      assert.ok(performance.now() < deadlineMs, 'the server runs on')
      await sleep(50)
    }
  })
}
