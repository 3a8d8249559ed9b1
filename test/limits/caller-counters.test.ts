import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countersOf } from '../../src/limits/caller-counters.ts'
import { limitsConfig } from './settings.ts'

const RATE = { projectRequestsPerMinute: 60, projectBurst: 4 }

test('what callers have used and hold counts by the limits that come', async () => {
  const counters = countersOf(limitsConfig({ ...RATE, uploadsPerCaller: 3 }), () => 0)
  await counters.project?.take('p')
  const first = await counters.upload?.take('ann')
  await counters.upload?.take('ann')
  counters.reload(limitsConfig({ ...RATE, projectBurst: 2, uploadsPerCaller: 2 }))
  assert.deepEqual(counters.project?.rate, { requestsPerMinute: 60, burst: 2 })
  assert.equal((await counters.project?.take('p'))?.remaining, 1)
  assert.equal(await counters.upload?.take('ann'), undefined)
  first?.()
  assert.ok(await counters.upload?.take('ann'))
})

test('a limit that is gone is not counted by, and one that comes begins anew', async () => {
  const counters = countersOf(limitsConfig(RATE), () => 0)
  await counters.project?.take('p')
  counters.reload(limitsConfig({ uploadsPerCaller: 0, addressRequestsPerMinute: 60 }))
  const { project, upload, address } = counters
  assert.deepEqual([project, upload, address?.rate.requestsPerMinute], [undefined, undefined, 60])
  counters.reload(limitsConfig(RATE))
  assert.equal((await counters.project?.take('p'))?.remaining, 3)
})
