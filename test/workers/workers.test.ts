import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CountedAttempts } from '../../src/identity/local/attempts.ts'
import { countersOf } from '../../src/limits/caller-counters.ts'
import { type Serving, Workers, WorkersFailed } from '../../src/workers/workers.ts'
import { limitsConfig } from '../limits/settings.ts'

const LISTENING = fileURLToPath(new URL('listening-worker.ts', import.meta.url))
const DYING = fileURLToPath(new URL('dying-worker.ts', import.meta.url))

function options(file: string, onWait: (waitMs: number) => void, onLog: (lines: string) => void) {
  return {
    count: 2,
    file,
    given: () => ({}),
    counts: {
      attempts: new CountedAttempts(Date.now),
      callers: countersOf(limitsConfig(), () => 0),
    },
    writeLog: onLog,
    log: {
      info: () => assert.fail('it does not serve'),
      warn: (details: object) => onWait((details as { waitMs: number }).waitMs),
    },
    stopTimeoutMs: 10_000,
  }
}

test('workers that end at once are started anew a few times, later and later, then no more', async () => {
  const waits: number[] = []
  let log = ''
  const workers = new Workers(
    options(
      DYING,
      (waitMs) => waits.push(waitMs),
      (lines) => {
        log += lines
      },
    ),
  )
  await assert.rejects(workers.start(), (error) => {
    assert.ok(error instanceof WorkersFailed)
    assert.match(error.message, /^5 workers in a row could not go on; the last one: ended with 3$/)
    return true
  })
  assert.deepEqual(waits, [100, 200, 400, 800])
  await workers.stop()
  assert.match(log, /^(dying\n){4,5}$/)
})

const unexpected = () => assert.fail('there is nothing to hear')

test('where no process can be started at all, that is the end of the start, and its reason', async () => {
  const { execPath } = process
  process.execPath = '/nowhere/node'
  try {
    const workers = new Workers(options(DYING, unexpected, unexpected))
    await assert.rejects(workers.start(), { name: 'WorkersFailed', message: /ENOENT/ })
    await workers.stop()
  } finally {
    process.execPath = execPath
  }
})

/** Only a hang takes so long. */
const HANG = { timeout: 60_000 }

test(
  'a connection that a worker had been handed and had not taken ends with it',
  HANG,
  async () => {
    const serving: number[] = []
    const workers = new Workers<object, Serving>({
      ...options(LISTENING, () => undefined, assert.fail),
      log: {
        info: (details) => serving.push((details as { worker: number }).worker),
        warn: () => undefined,
      },
    })
    const [
      {
        urls: [port],
      } = assert.fail(),
    ] = await workers.start()
    const [stopped = assert.fail()] = serving
    process.kill(stopped, 'SIGSTOP')
    const heard: string[] = []
    const all = Array.from({ length: 6 }, async () => {
      heard.push(await text(connect(Number(port), '127.0.0.1')).catch(() => 'broken off'))
      if (heard.length === 5) process.kill(stopped, 'SIGKILL')
    })
    await Promise.all(all)
    assert.deepEqual(heard.slice(0, 5), Array(5).fill('hello'))
    assert.notEqual(heard[5], 'hello', 'the stopped worker got no connection')
    await workers.stop()
  },
)
