import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CountedAttempts } from '../../src/identity/local/attempts.ts'
import { countersOf } from '../../src/limits/caller-counters.ts'
import { Workers, WorkersFailed } from '../../src/workers/workers.ts'
import { limitsConfig } from '../limits/settings.ts'

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
