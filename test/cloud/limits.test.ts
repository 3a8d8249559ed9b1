import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../api/image/data-stand.ts'
import { hang } from '../upstream/fake-upstream.ts'
import { goodGlance, startStand } from './stand.ts'

test("a project's rate holds in front of a Glance, which is not asked beyond it", async (t) => {
  const flags = { 'limits.projectRequestsPerMinute': '1', 'limits.projectBurst': '1' }
  await using stand = await startStand(t, { flags })
  const first = await stand.ask('images')
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('ratelimit'), '"project";r=0;t=60')
  const asked = stand.glance.requests.length
  const refused = await stand.ask('images')
  assert.equal(refused.status, 429)
  assert.deepEqual(Object.keys(refused.json as object), ['overLimit'])
  assert.equal(stand.glance.requests.length, asked)
})

test('a request that waits for Glance is one in flight; the next one is an early 503', async (t) => {
  const flags = {
    'limits.requestsInFlight': '1',
    'limits.queuedRequests': '0',
    'upstream.firstByteTimeoutMs': '10000',
    'upstream.answerTimeoutMs': '20000',
  }
  await using stand = await startStand(t, { flags })
  stand.glance.behave(hang())
  const leaving = new AbortController()
  const waiting = assert.rejects(stand.ask('images', { signal: leaving.signal }))
  await until(() => stand.glance.pending() === 1)
  const refused = await stand.ask('images')
  assert.equal(refused.status, 503)
  assert.match(refused.text, /The server is busy with other requests/)
  assert.equal((await stand.ask('/healthcheck')).status, 200)
  leaving.abort()
  await waiting
  stand.glance.behave(goodGlance)
  await until(async () => (await stand.ask('images')).status === 200)
})
