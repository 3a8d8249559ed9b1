import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CountedAttempts } from '../../src/identity/local/attempts.ts'
import { countersOf } from '../../src/limits/caller-counters.ts'
import { Workers, WorkersFailed } from '../../src/workers/workers.ts'
import { limitsConfig } from '../limits/settings.ts'

test('workers that end at once are started anew a few times, later and later, then no more', async () => {
  const waits: number[] = []
  let log = ''
  const workers = new Workers({
    count: 2,
    file: fileURLToPath(new URL('dying-worker.ts', import.meta.url)),
    given: () => ({}),
    counts: {
      attempts: new CountedAttempts(Date.now),
      callers: countersOf(limitsConfig(), () => 0),
    },
    writeLog: (lines) => {
      log += lines
    },
    log: {
      info: () => assert.fail('it does not serve'),
      warn: (details) => waits.push((details as { waitMs: number }).waitMs),
    },
    stopTimeoutMs: 10_000,
  })
  await assert.rejects(workers.start(), (error) => {
    assert.ok(error instanceof WorkersFailed)
    assert.match(error.message, /^5 workers in a row could not go on; the last one: ended with 3$/)
    return true
  })
  assert.deepEqual(waits, [100, 200, 400, 800])
  await workers.stop()
  assert.match(log, /^(dying\n){4,5}$/)
})
