import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Served } from '../../test/workers/served.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-systemd-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const LISTENER = fileURLToPath(new URL('listen.py', import.meta.url))
const HANG_MS = 60_000
const WATCHDOG_MS = 1000

/** A datagram socket, as systemd has one, and what came to it. */
class Manager implements Disposable {
  readonly #child
  readonly socket: string
  messages: readonly string[] = []

  constructor(socket: string) {
    this.socket = socket
    this.#child = spawn('python3', [LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    this.#child.stdout.on('data', (piece: Buffer) => {
      text += piece
      this.messages = text.split('\n').slice(0, -1)
    })
  }

  async until(holds: (messages: readonly string[]) => boolean): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS
    while (!holds(this.messages)) {
      assert.ok(performance.now() < deadlineMs, `${holds}: ${this.messages}`)
      await sleep(20)
    }
  }

  count(message: string): number {
    return this.messages.filter((each) => each === message).length
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

const hasProgram = spawnSync('systemd-notify', ['--version']).status === 0
const skip = hasProgram ? false : 'there is no systemd-notify (Debian package systemd)'

describe('what systemd is told', { skip }, () => {
  for (const socket of [join(dir, 'notify'), `@afterimage-${process.pid}`]) {
    it(`is heard at ${socket.startsWith('@') ? 'an abstract socket' : 'a socket in a folder'}`, async () => {
      using manager = new Manager(socket)
      await manager.until(([first]) => first === 'listening')
      const served = new Served(join(dir, `one${manager.socket.length}`), [], undefined, {
        NOTIFY_SOCKET: socket,
      })
      await manager.until((messages) => messages.includes('READY=1'))
      await served.greeted()
      const beforeUsec = process.hrtime.bigint() / 1000n
      served.kill('SIGHUP')
      await manager.until(() => manager.count('READY=1') === 2)
      served.kill('SIGTERM')
      await served.ended
      const [, ready, reloading = '', again, ...rest] = manager.messages
      assert.deepEqual([ready, again, rest], ['READY=1', 'READY=1', ['STOPPING=1']])
      const [, usec = ''] = /^RELOADING=1 MONOTONIC_USEC=(\d+)$/.exec(reloading) ?? []
      assert.ok(BigInt(usec) > beforeUsec && BigInt(usec) < process.hrtime.bigint() / 1000n)
    })
  }

  it('comes from a first process that hears of its workers: while one hangs, nothing comes', async () => {
    using manager = new Manager(join(dir, 'watchdog'))
    await manager.until(([first]) => first === 'listening')
    await using served = new Served(join(dir, 'two'), ['--workers', '2'], undefined, {
      NOTIFY_SOCKET: manager.socket,
      WATCHDOG_USEC: String(WATCHDOG_MS * 1000),
    })
    await manager.until((messages) => messages.includes('READY=1'))
    const readyAtMs = Date.now()
    await served.greeted()
    await served.until(() => served.workers().length === 2)
    const serving = served.log().filter(({ msg }) => msg === 'a worker serves')
    for (const { time } of serving) assert.ok(time <= readyAtMs, 'it was ready before all served')
    await manager.until(() => manager.count('WATCHDOG=1') >= 2)
    const [hung = 0] = served.workers()
    process.kill(hung, 'SIGSTOP')
    await sleep(WATCHDOG_MS)
    const count = manager.count('WATCHDOG=1')
    await sleep(2 * WATCHDOG_MS)
    assert.equal(manager.count('WATCHDOG=1'), count)
    process.kill(hung, 'SIGCONT')
    await manager.until(() => manager.count('WATCHDOG=1') > count)
  })
})
