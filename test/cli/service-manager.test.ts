import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openServiceManager } from '../../src/cli/service-manager.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-service-manager-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const HANG_MS = 20_000

/** Stands in for systemd-notify: writes down what it was asked to say. */
function fakeProgram(name: string, script: string) {
  const folder = mkdtempSync(join(dir, `${name}-`))
  const program = join(folder, 'systemd-notify')
  const told = join(folder, 'told')
  writeFileSync(told, '')
  writeFileSync(program, `#!/bin/sh\n${script.replace('TOLD', told)}\n`)
  chmodSync(program, 0o755)
  const environment = { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/some' }
  const lines = () => readFileSync(told, 'utf8').split('\n').slice(0, -1)
  return { environment, lines }
}

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + HANG_MS
  while (!holds()) {
    assert.ok(performance.now() < deadlineMs, `it never came to that: ${holds}`)
    await sleep(5)
  }
}

const noWarning = (message: string) => assert.fail(message)
const WRITE = 'echo "$NOTIFY_SOCKET $*" >> TOLD'

describe('openServiceManager', () => {
  it('says what comes in its order, however long each message takes', async () => {
    const { environment, lines } = fakeProgram(
      'order',
      `case $1 in READY*) sleep 0.2;; esac; ${WRITE}`,
    )
    const manager = openServiceManager(environment, noWarning)
    manager.ready()
    manager.reloading()
    manager.ready()
    manager.stopping()
    await until(() => lines().length === 4)
    const [first, second = '', ...rest] = lines()
    assert.equal(first, '/run/some READY=1')
    assert.match(second, /^\/run\/some RELOADING=1 MONOTONIC_USEC=\d+$/)
    assert.deepEqual(rest, ['/run/some READY=1', '/run/some STOPPING=1'])
  })

  it('says regularly that it lives, unless what serves besides does not answer', async () => {
    const { environment, lines } = fakeProgram('watchdog', WRITE)
    const watched = { ...environment, WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) }
    const manager = openServiceManager(watched, noWarning)
    let doesAnswer = true
    const end = manager.watch(() => (doesAnswer ? Promise.resolve() : new Promise(() => undefined)))
    await until(() => lines().length >= 3)
    doesAnswer = false
    await sleep(100) // for one that was under way
    const count = lines().length
    await sleep(100)
    assert.equal(lines().length, count)
    assert.deepEqual(new Set(lines()), new Set(['/run/some WATCHDOG=1']))
    end()
  })

  it('says that it lives only if this process is asked', async () => {
    const { environment, lines } = fakeProgram('other', WRITE)
    const asked = (more: object) => ({ ...environment, ...more })
    for (const other of [asked({}), asked({ WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' })]) {
      const manager = openServiceManager(other, noWarning)
      const end = manager.watch(async () => undefined)
      await sleep(50)
      manager.stopping()
      end()
    }
    await until(() => lines().length === 2)
    assert.deepEqual(new Set(lines()), new Set(['/run/some STOPPING=1']))
  })

  it('says nothing where no service manager listens', async () => {
    const { environment, lines } = fakeProgram('nobody', WRITE)
    const manager = openServiceManager({ ...environment, NOTIFY_SOCKET: '' }, noWarning)
    manager.ready()
    manager.watch(async () => undefined)()
    await sleep(50)
    assert.deepEqual(lines(), [])
  })

  it('warns once when it is not heard, and goes on', async () => {
    const { environment } = fakeProgram('broken', 'echo "no such socket" >&2; exit 1')
    const warnings: string[] = []
    const manager = openServiceManager(environment, (message) => warnings.push(message))
    manager.ready()
    manager.stopping()
    await until(() => warnings.length > 0)
    await sleep(100)
    assert.deepEqual(warnings, ['systemd is not told how this server fares: no such socket'])
    const missing: string[] = []
    openServiceManager({ NOTIFY_SOCKET: 'x', PATH: dir }, (line) => missing.push(line)).ready()
    await until(() => missing.length > 0)
    assert.match(missing[0] ?? '', /there is no systemd-notify on the PATH; install systemd$/)
  })
})
