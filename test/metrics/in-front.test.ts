import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '../../src/config/load.ts'
import { startFakeNova } from '../cloud/fake-nova.ts'
import { goodGlance, IMAGE_ID, type Stand, startStand } from '../cloud/stand.ts'
import { freePort } from '../server/free-port.ts'
import {
  type Behaviour,
  hang,
  json,
  once,
  page,
  resetAtOnce,
  status,
  text,
} from '../upstream/fake-upstream.ts'
import { scrape, sumOf } from './scrape.ts'

const LIST = 'images/detail?limit=5'

async function start(t: TestContext, flags: Flags = {}) {
  const stand = await startStand(t, {
    flags: { 'metrics.port': String(await freePort()), ...flags },
  })
  t.after(() => stand.running.close())
  return { stand, read: reader(stand) }
}

/** Reads `afterimage_NAME`, the sum of what has these labels. */
function reader({ running }: Stand) {
  const url = running.metricsUrl ?? assert.fail('no metrics')
  return async (name: string, labels: Readonly<Record<string, string>> = {}) =>
    sumOf(await scrape(url), `afterimage_${name}`, labels)
}

const GLANCE = { service: 'glance' }

test('requests to Glance and Keystone are counted by what came of them, with their time', async (t) => {
  const { stand, read } = await start(t)
  await stand.ask(LIST)
  await stand.ask('images/00000000-0000-4000-8000-000000000009')
  assert.equal(await read('upstream_requests_total', { ...GLANCE, outcome: '200' }), 1)
  assert.equal(await read('upstream_requests_total', { ...GLANCE, outcome: '404' }), 1)
  assert.equal(await read('upstream_requests_total', { service: 'keystone', outcome: '200' }), 1)
  assert.equal(await read('upstream_request_duration_seconds_count', GLANCE), 2)
  assert.ok((await read('upstream_request_duration_seconds_sum', GLANCE)) > 0)
  assert.ok((await read('upstream_connections', GLANCE)) >= 1)
  assert.equal(await read('upstream_requests_in_flight', GLANCE), 0)
  assert.equal(await read('upstream_retries_total', GLANCE), 0)
})

test('a request that is made again is one request and a retry', async (t) => {
  const { stand, read } = await start(t)
  stand.glance.behave(once(status(503), resetAtOnce(), json(200, { images: [] })))
  assert.equal((await stand.ask(LIST)).status, 200)
  assert.equal(await read('upstream_retries_total', GLANCE), 2)
  assert.equal(await read('upstream_requests_total', GLANCE), 1)
})

test('an answer that is none has its reason for an outcome', async (t) => {
  const { stand, read } = await start(t)
  stand.glance.behave(resetAtOnce())
  await stand.ask(LIST)
  assert.equal(await read('upstream_requests_total', { ...GLANCE, outcome: 'unreachable' }), 1)
})

test('a service that hangs is seen as broken until it answers', async (t) => {
  const { stand, read } = await start(t)
  stand.glance.behave(hang())
  const broken = () => read('upstream_broken', GLANCE)
  assert.equal(await broken(), 0)
  for (let asked = 0; asked < 3; asked += 1) await stand.ask(LIST)
  assert.equal(await broken(), 1)
  assert.equal(await read('upstream_breaks_total', GLANCE), 1)
  assert.equal(await read('upstream_requests_total', { ...GLANCE, outcome: 'timeout' }), 3)
  assert.equal(await read('upstream_refused_total', GLANCE), 0)
  // One of them is the probe; the others are refused while it is under way.
  const asked = await Promise.all(Array.from({ length: 5 }, () => stand.ask(LIST)))
  const refused = asked.filter(({ status }) => status === 503).length
  assert.ok(refused > 0)
  assert.equal(await read('upstream_refused_total', GLANCE), refused)
  stand.glance.behave(goodGlance)
  assert.equal((await stand.ask(LIST)).status, 200)
  assert.equal(await broken(), 0)
  assert.equal(await read('upstream_breaks_total', GLANCE), 1)
})

test('what is under way at a service, and what waits for a place, is seen', async (t) => {
  const { stand, read } = await start(t, {
    'upstream.concurrentMax': '1',
    'upstream.firstByteTimeoutMs': '60000',
    'upstream.answerTimeoutMs': '60000',
  })
  await stand.ask(LIST) // Keystone is asked once
  const answers = Promise.withResolvers<void>()
  const late: Behaviour = (request, response) => {
    void answers.promise.then(() => page([])(request, response))
  }
  stand.glance.behave(late)
  const asked = [stand.ask(LIST), stand.ask('images?limit=1')]
  while ((await read('upstream_requests_waiting', GLANCE)) !== 1) await sleep(5)
  assert.equal(await read('upstream_requests_in_flight', GLANCE), 1)
  assert.equal(await read('requests_in_flight', { port: 'compute' }), 2)
  answers.resolve()
  await Promise.all(asked)
  assert.equal(await read('upstream_requests_waiting', GLANCE), 0)
  assert.equal(await read('upstream_buffered_bytes', GLANCE), 0)
})

test('requests that wait until others have been worked on are seen', async (t) => {
  const { stand, read } = await start(t, {
    'limits.requestsInFlight': '1',
    'limits.queueTimeoutMs': '60000',
    'upstream.firstByteTimeoutMs': '60000',
    'upstream.answerTimeoutMs': '60000',
  })
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  const late: Behaviour = (request, response) => {
    void goesOn.then(() => page([])(request, response))
  }
  stand.glance.behave(late)
  const asked = [stand.ask(LIST), stand.ask(LIST), stand.ask(LIST)]
  while ((await read('requests_waiting')) !== 2) await sleep(5)
  assert.equal(await read('requests_worked_on'), 1)
  goOn()
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
  assert.equal(await read('requests_waiting'), 0)
})

test('Nova is a service, too, and what goes there is one operation', async (t) => {
  const nova = await startFakeNova(t)
  const { stand, read } = await start(t, { 'compute.upstreamUrl': nova.url })
  const NOVA = { service: 'nova' }
  for (const path of ['/v2.1/servers', '/v2.1/flavors/kilroy']) await stand.ask(path)
  nova.answer = (request) => request.socket.destroy()
  assert.equal((await stand.ask('/v2.1/servers', { method: 'POST', body: 'x' })).status, 502)
  await nova.stop()
  assert.equal((await stand.ask('/v2.1/servers', { method: 'POST', body: 'x' })).status, 503)
  assert.equal(await read('upstream_requests_total', { ...NOVA, outcome: '200' }), 2)
  assert.equal(await read('upstream_requests_total', { ...NOVA, outcome: 'invalid' }), 1)
  assert.equal(await read('upstream_requests_total', { ...NOVA, outcome: 'unreachable' }), 1)
  assert.equal(await read('upstream_request_duration_seconds_count', NOVA), 4)
  assert.equal(await read('requests_total', { operation: 'forward' }), 4)
})

test('a request to Nova on a kept connection that was closed is a retry', async (t) => {
  const nova = await startFakeNova(t)
  const { stand, read } = await start(t, { 'compute.upstreamUrl': nova.url })
  await stand.ask('/v2.1/servers')
  nova.answer = (request, response) => {
    nova.answer = (_request, next) => next.end()
    response.destroy()
    request.socket.destroy()
  }
  assert.equal((await stand.ask('/v2.1/servers')).status, 200)
  assert.equal(await read('upstream_retries_total', { service: 'nova' }), 1)
  assert.equal(await read('upstream_requests_total', { service: 'nova' }), 2)
})

test('the short memory says how each list was come by', async (t) => {
  const flags = { 'cache.ttlMs': '60000', 'cache.staleIfErrorMs': '60000' }
  const { stand, read } = await start(t, flags)
  const lookups = async () => {
    const counts: Record<string, number> = {}
    for (const result of ['kept', 'joined', 'read', 'stale']) {
      counts[result] = await read('short_memory_lookups_total', { result })
    }
    return counts
  }
  await stand.ask(LIST)
  await stand.ask(LIST)
  assert.deepEqual(await lookups(), { kept: 1, joined: 0, read: 1, stale: 0 })
  assert.equal(await read('short_memory_lists'), 1)
  assert.ok((await read('short_memory_bytes')) > 0)
  await stand.ask(`images/${IMAGE_ID}/metadata`, { method: 'PUT', body: '{"metadata":{}}' })
})

test('where the short memory stands in for a Glance that is down, it says so', async (t) => {
  const { stand, read } = await start(t, { 'cache.staleIfErrorMs': '60000' })
  await stand.ask(LIST)
  stand.glance.behave(text(200, '{"images": ['))
  assert.equal((await stand.ask(LIST)).status, 200)
  assert.equal(await read('short_memory_lookups_total', { result: 'read' }), 2)
  assert.equal(await read('short_memory_lookups_total', { result: 'stale' }), 1)
})

test('tokens are counted by what Keystone says of them, and by what is remembered', async (t) => {
  const { stand, read } = await start(t)
  const ask = (token: string) => stand.ask(LIST, { headers: { 'x-auth-token': token } })
  await stand.ask(LIST)
  await stand.ask(LIST)
  await ask('nobody')
  await ask('nobody')
  await ask('x'.repeat(20_000))
  stand.keystone.behave(status(500))
  await ask('another')
  const outcomes = ['found', 'remembered', 'unknown', 'malformed', 'unavailable', 'expired']
  const counts = await Promise.all(
    outcomes.map((outcome) => read('token_lookups_total', { outcome })),
  )
  assert.deepEqual(counts, [1, 1, 2, 1, 1, 0])
})
