import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { SERVER_LIMITS } from '../../src/server/limits.ts'
import { shareOfWorker } from '../../src/server/worker-share.ts'

function share(flags: Readonly<Record<string, string>>) {
  const { config } = loadConfig({ flags, environment: {}, cwd: '/' })
  return { whole: config, ...shareOfWorker(config) }
}

const GLANCE = { 'glance.url': 'http://glance.test' }

test('the shares of all workers together are not more than the whole', () => {
  for (const workers of [2, 3, 7, 64]) {
    const { whole, config, limits } = share({ ...GLANCE, workers: String(workers) })
    assert.ok(workers * config.upstream.concurrentMax <= whole.upstream.concurrentMax)
    assert.ok(workers * config.upstream.queueMax <= whole.upstream.queueMax)
    assert.ok(workers * (limits.connectionsMax ?? 0) <= SERVER_LIMITS.connectionsMax)
    assert.ok(workers * config.limits.requestsInFlight <= whole.limits.requestsInFlight)
    assert.ok(workers * config.limits.queuedRequests <= whole.limits.queuedRequests)
    assert.ok(config.upstream.concurrentMax > 0 && (limits.connectionsMax ?? 0) > 0)
  }
})

test('every worker may ask Glance at all, and one process has everything', () => {
  const few = share({ ...GLANCE, workers: '8', 'upstream.concurrentMax': '2' })
  assert.equal(few.config.upstream.concurrentMax, 1)
  const alone = share({ ...GLANCE, workers: '1' })
  assert.deepEqual(alone.config, alone.whole)
  assert.deepEqual(alone.limits, { connectionsMax: SERVER_LIMITS.connectionsMax })
})
