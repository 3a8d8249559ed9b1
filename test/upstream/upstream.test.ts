import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { UpstreamFault } from '../../src/upstream/fault.ts'
import type { UpstreamLimits } from '../../src/upstream/limits.ts'
import {
  Upstream,
  type UpstreamEvent,
  type UpstreamOptions,
  type UpstreamRequest,
} from '../../src/upstream/upstream.ts'
import {
  after,
  type Behaviour,
  drip,
  endsEarly,
  fakeUpstream,
  flood,
  garbage,
  hang,
  hangInBody,
  json,
  once,
  redirect,
  resetAtOnce,
  resetInBody,
  status,
  text,
} from './fake-upstream.ts'

const TOKEN = 'secret-token'
const LIMITS: Partial<UpstreamLimits> = {
  backoffBaseMs: 5,
  backoffMaxMs: 20,
  answerBytesMax: 1024 * 1024,
}
/**
 * A deadline that is meant to pass; a busy machine may take longer than this for other requests.
 */
const HASTY: Partial<UpstreamLimits> = {
  connectTimeoutMs: 300,
  firstByteTimeoutMs: 200,
  gapTimeoutMs: 200,
  answerTimeoutMs: 500,
}
/** Time that a busy machine may add to a deadline. */
const SLACK_MS = 400
const READ: UpstreamRequest = {
  method: 'GET',
  path: '/v2/images',
  headers: { 'x-auth-token': TOKEN },
  requestId: 'req-1',
}

interface Setting extends Partial<UpstreamOptions> {
  readonly events?: UpstreamEvent[]
}

async function stand(t: TestContext, setting: Setting = {}) {
  const fake = await fakeUpstream(t)
  const { events, limits, ...rest } = setting
  const upstream = new Upstream({
    name: 'Glance',
    urls: [fake.url],
    limits: { ...LIMITS, ...limits },
    ...(events === undefined ? {} : { log: (event) => events.push(event) }),
    ...rest,
  })
  t.after(() => upstream.close())
  return { fake, upstream }
}

async function faultOf(answer: Promise<unknown>): Promise<UpstreamFault> {
  try {
    await answer
  } catch (error) {
    const fault = error as UpstreamFault
    assert.equal(fault.name, 'UpstreamFault', String(fault.stack))
    assert.ok(!`${fault.message} ${fault.detail}`.includes(TOKEN))
    return fault
  }
  assert.fail('there was an answer')
}

async function waitUntil(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 4000
  while (!isSo()) {
    assert.ok(performance.now() < endMs, what)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('an answer comes with its status, body, and what the service calls the request', async (t) => {
  const events: UpstreamEvent[] = []
  const { fake, upstream } = await stand(t, { events })
  fake.behave(json(200, { images: [] }, { 'x-openstack-request-id': 'req-theirs' }))
  const answer = await upstream.requestJson({ ...READ, query: 'name=eq%3Aa' })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.json, { images: [] })
  assert.equal(answer.upstreamRequestId, 'req-theirs')
  const [seen] = fake.requests
  assert.deepEqual(
    [seen?.path, seen?.query, seen?.headers['x-openstack-request-id']],
    ['/v2/images', 'name=eq%3Aa', 'req-1'],
  )
  assert.equal(seen?.headers['x-auth-token'], TOKEN)
  assert.equal(events[0]?.upstreamRequestId, 'req-theirs')
  assert.ok(!JSON.stringify(events).includes(TOKEN))
})

test('a body is sent, and a fault of the service is an answer, whatever its body', async (t) => {
  const { fake, upstream } = await stand(t)
  for (const code of [400, 401, 403, 404, 409, 413, 500]) {
    fake.behave(status(code))
    const answer = await upstream.requestJson({ ...READ, method: 'PATCH', body: '[{"op":1}]' })
    assert.deepEqual([answer.status, answer.json], [code, undefined])
    assert.match(answer.body.toString(), /<h1>/)
    assert.equal(fake.requests.at(-1)?.body, '[{"op":1}]')
  }
  fake.behave(status(429, { 'retry-after': '7' }))
  assert.equal((await upstream.request(READ)).retryAfterS, 7)
})

interface Trouble {
  readonly what: string
  readonly behaviour: Behaviour
  readonly code: string
  readonly attempts: number
}

const TROUBLES: readonly Trouble[] = [
  { what: 'a reset at once', behaviour: resetAtOnce(), code: 'unreachable', attempts: 3 },
  { what: 'a reset in the body', behaviour: resetInBody(), code: 'unreachable', attempts: 3 },
  { what: 'an end before the end', behaviour: endsEarly(), code: 'unreachable', attempts: 3 },
  { what: 'no answer', behaviour: hang(), code: 'timeout', attempts: 1 },
  { what: 'no end of the body', behaviour: hangInBody(), code: 'timeout', attempts: 1 },
  { what: 'a byte now and then', behaviour: drip('[1,2,3,4]', 150), code: 'timeout', attempts: 1 },
  { what: 'JSON that breaks off', behaviour: text(200, '{"a'), code: 'invalid', attempts: 1 },
  { what: 'a page of HTML', behaviour: text(200, '<html>'), code: 'invalid', attempts: 1 },
  { what: 'no HTTP', behaviour: garbage(), code: 'invalid', attempts: 1 },
  { what: 'a redirect', behaviour: redirect('http://127.0.0.1/'), code: 'invalid', attempts: 1 },
  { what: 'a choice', behaviour: json(300, { versions: [] }), code: 'invalid', attempts: 1 },
  { what: '1 GiB', behaviour: flood(), code: 'too_large', attempts: 1 },
  { what: '1 GiB, told', behaviour: flood(2 ** 30, true), code: 'too_large', attempts: 1 },
  {
    what: 'a long header',
    behaviour: status(200, { 'x-long': 'x'.repeat(15_000), 'x-more': 'x'.repeat(15_000) }),
    code: 'too_large',
    attempts: 1,
  },
]

for (const { what, behaviour, code, attempts } of TROUBLES) {
  test(`${what} is the fault "${code}" in time, and nothing is left behind`, async (t) => {
    const { fake, upstream } = await stand(t, {
      limits: { ...(code === 'timeout' ? HASTY : {}), answerHeaderBytesMax: 16 * 1024 },
    })
    fake.behave(behaviour)
    const startMs = performance.now()
    const fault = await faultOf(upstream.requestJson(READ))
    const tookMs = performance.now() - startMs
    assert.equal(fault.code, code, String(fault.detail))
    assert.match(fault.message, /^Glance /)
    assert.ok(tookMs < 500 + SLACK_MS, `${tookMs} ms`)
    assert.equal(fake.requests.length, attempts)
    const { running, waiting, bufferedBytes } = upstream.stats()
    assert.deepEqual([running, waiting, bufferedBytes], [0, 0, 0])
    await waitUntil(() => fake.pending() === 0, 'a request is still open')
    fake.behave(json(200, {}))
    const backMs = performance.now()
    assert.equal((await upstream.request(READ)).status, 200)
    assert.ok(performance.now() - backMs < 1000)
  })
}

test('what does not end is cut off by the deadline for the whole, also without gaps', async (t) => {
  const { fake, upstream } = await stand(t, { limits: HASTY })
  fake.behave(drip('x'.repeat(100_000), 5))
  const startMs = performance.now()
  const fault = await faultOf(upstream.request(READ))
  const tookMs = performance.now() - startMs
  assert.equal(fault.code, 'timeout')
  assert.ok(tookMs >= 490 && tookMs < 500 + SLACK_MS, `${tookMs} ms`)
})

test('nobody listening is "unreachable", and the service is back as soon as it is', async (t) => {
  const { fake, upstream } = await stand(t)
  fake.behave(json(200, {}))
  assert.equal((await upstream.request(READ)).status, 200)
  await fake.stop()
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await faultOf(upstream.request(READ))).code, 'unreachable')
  }
  await fake.start()
  assert.equal((await upstream.request(READ)).status, 200)
})

test('a read is made again after 502, 503 and 504, and after a break', async (t) => {
  const events: UpstreamEvent[] = []
  const { fake, upstream } = await stand(t, { events })
  for (const trouble of [status(502), status(503), status(504), resetAtOnce(), resetInBody()]) {
    fake.behave(once(trouble, json(200, {})))
    assert.equal((await upstream.request(READ)).status, 200)
  }
  assert.equal(fake.requests.length, 10)
  assert.deepEqual(
    events.slice(0, 2).map(({ kind, status: code, attempt }) => [kind, code, attempt]),
    [
      ['repeated', 502, 1],
      ['answered', 200, 2],
    ],
  )
})

test('an answer that stays 503 is handed on with its Retry-After', async (t) => {
  const { fake, upstream } = await stand(t)
  fake.behave(status(503))
  assert.equal((await upstream.request(READ)).status, 503)
  assert.equal(fake.requests.length, 3)
  fake.behave(status(503, { 'retry-after': '30' }))
  const answer = await upstream.request(READ)
  assert.deepEqual([answer.status, answer.retryAfterS], [503, 30])
  assert.equal(fake.requests.length, 4)
})

test('a short Retry-After is waited for', async (t) => {
  const { fake, upstream } = await stand(t, { limits: { answerTimeoutMs: 5000 } })
  fake.behave(once(status(503, { 'retry-after': '1' }), json(200, {})))
  const startMs = performance.now()
  assert.equal((await upstream.request(READ)).status, 200)
  assert.ok(performance.now() - startMs >= 990)
})

test('a write is never made twice', async (t) => {
  const { fake, upstream } = await stand(t, { limits: HASTY })
  const write: UpstreamRequest = { ...READ, method: 'PATCH', body: '[]' }
  for (const [trouble, outcome] of [
    [resetAtOnce(), 'unreachable'],
    [resetInBody(), 'unreachable'],
    [hang(), 'timeout'],
  ] as const) {
    fake.requests.length = 0
    fake.behave(trouble)
    assert.equal((await faultOf(upstream.request(write))).code, outcome)
    assert.equal(fake.requests.length, 1)
  }
  fake.requests.length = 0
  fake.behave(status(503))
  assert.equal((await upstream.request({ ...write, method: 'DELETE' })).status, 503)
  assert.equal(fake.requests.length, 1)
})

test('a write that never left finds its way by another address', async (t) => {
  const dead = await fakeUpstream(t)
  const alive = await fakeUpstream(t)
  await dead.stop()
  alive.behave(json(200, {}))
  const { upstream } = await stand(t, { urls: [dead.url, alive.url] })
  const answer = await upstream.request({ ...READ, method: 'DELETE' })
  assert.equal(answer.status, 200)
  assert.equal(alive.requests.length, 1)
})

test('an address that fails is left for the next one, remembered, and tried again later', async (t) => {
  const a = await fakeUpstream(t)
  const b = await fakeUpstream(t)
  const { upstream } = await stand(t, {
    urls: [`${a.url}/image/`, b.url],
    limits: { badAddressMs: 150 },
  })
  a.behave(status(503))
  b.behave(json(200, {}))
  for (let i = 0; i < 3; i += 1) assert.equal((await upstream.request(READ)).status, 200)
  assert.deepEqual([a.requests.length, b.requests.length], [1, 3])
  assert.deepEqual([a.requests[0]?.path, b.requests[0]?.path], ['/image/v2/images', '/v2/images'])
  a.behave(json(200, {}))
  await new Promise((resolve) => setTimeout(resolve, 160))
  assert.equal((await upstream.request(READ)).status, 200)
  assert.equal(a.requests.length, 2)
})

test('a hang at one address leaves time for the next', async (t) => {
  const a = await fakeUpstream(t)
  const b = await fakeUpstream(t)
  const { upstream } = await stand(t, { urls: [a.url, b.url], limits: HASTY })
  a.behave(hang())
  b.behave(json(200, {}))
  assert.equal((await upstream.request(READ)).status, 200)
})

test('with every address down all are tried, and the first that is back answers', async (t) => {
  const a = await fakeUpstream(t)
  const b = await fakeUpstream(t)
  const { upstream } = await stand(t, { urls: [a.url, b.url] })
  await a.stop()
  await b.stop()
  assert.equal((await faultOf(upstream.request(READ))).code, 'unreachable')
  await b.start()
  b.behave(json(200, {}))
  assert.equal((await upstream.request(READ)).status, 200)
})

test('answers that are too much all together are refused, though each alone would not be', async (t) => {
  const { fake, upstream } = await stand(t, { limits: { ...HASTY, bufferedBytesMax: 1_500_000 } })
  const part = 'x'.repeat(1_000_000)
  fake.behave(hangInBody(part))
  const codes = await Promise.all(
    [1, 2].map(async () => (await faultOf(upstream.request(READ))).code),
  )
  assert.deepEqual(codes.toSorted(), ['overloaded', 'timeout'])
  assert.equal(upstream.stats().bufferedBytes, 0)
  fake.behave(text(200, part))
  assert.equal((await upstream.request(READ)).body.length, 1_000_000)
})

test('requests beyond the places wait, and beyond the waiting room are refused', async (t) => {
  const { fake, upstream } = await stand(t, { limits: { concurrentMax: 2, queueMax: 3 } })
  let most = 0
  let open = 0
  fake.behave((request, response) => {
    open += 1
    most = Math.max(most, open)
    response.on('finish', () => {
      open -= 1
    })
    after(30, json(200, {}))(request, response)
  })
  const asked = Array.from({ length: 8 }, () => upstream.request(READ))
  assert.deepEqual([upstream.stats().running, upstream.stats().waiting], [2, 3])
  const outcomes = await Promise.allSettled(asked)
  const refused = outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason] : []))
  assert.deepEqual(
    refused.map(({ code, retryAfterS }) => [code, retryAfterS]),
    [
      ['overloaded', 1],
      ['overloaded', 1],
      ['overloaded', 1],
    ],
  )
  assert.equal(most, 2)
  assert.deepEqual([upstream.stats().running, upstream.stats().waiting], [0, 0])
})

test('who waits too long for a place is refused, who leaves gives up the place in the queue', async (t) => {
  const { fake, upstream } = await stand(t, {
    limits: { concurrentMax: 1, queueTimeoutMs: 50, firstByteTimeoutMs: 800 },
  })
  fake.behave(hang())
  const gone = new AbortController()
  const first = faultOf(upstream.request(READ))
  const second = faultOf(upstream.request(READ))
  const third = faultOf(upstream.request({ ...READ, signal: gone.signal }))
  gone.abort()
  assert.equal((await third).code, 'aborted')
  const late = await faultOf(upstream.request({ ...READ, signal: gone.signal }))
  assert.equal(late.code, 'aborted')
  assert.equal((await second).code, 'overloaded')
  assert.equal(upstream.stats().waiting, 0)
  assert.equal((await first).code, 'timeout')
  assert.equal(upstream.stats().running, 0)
  assert.equal(fake.requests.length, 1)
})

test('a caller who hangs up ends the request, before and in the answer and between attempts', async (t) => {
  const { fake, upstream } = await stand(t, {
    limits: { answerTimeoutMs: 5000, firstByteTimeoutMs: 4000, gapTimeoutMs: 4000 },
  })
  for (const behaviour of [hang(), hangInBody(), status(503, { 'retry-after': '2' })]) {
    fake.behave(behaviour)
    const hangUp = new AbortController()
    const asked = faultOf(upstream.request({ ...READ, signal: hangUp.signal }))
    await waitUntil(() => fake.requests.length > 0, 'nothing was asked')
    await new Promise((resolve) => setTimeout(resolve, 30))
    hangUp.abort()
    assert.equal((await asked).code, 'aborted')
    assert.equal(upstream.stats().running, 0)
    fake.requests.length = 0
  }
  const before = await faultOf(upstream.request({ ...READ, signal: AbortSignal.abort() }))
  assert.equal(before.code, 'aborted')
  assert.equal(fake.requests.length, 0)
})

test('requests that are over leave no timer, no listener and no pile of connections', async (t) => {
  const { fake, upstream } = await stand(t)
  fake.behave(json(200, {}))
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const stop = new AbortController()
  for (let i = 0; i < 50; i += 1) await upstream.request({ ...READ, signal: stop.signal })
  assert.ok(timers() <= before + 1, `${before} -> ${timers()}`)
  assert.ok(fake.connections() <= 2, `${fake.connections()} connections`)
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  assert.equal(fake.requests.length, 50)
})

test('a header that cannot be sent is refused without being shown', async (t) => {
  const { upstream } = await stand(t)
  const fault = await faultOf(
    upstream.request({ ...READ, headers: { 'x-auth-token': `${TOKEN}\n` } }),
  )
  assert.equal(fault.code, 'invalid')
})

test('closing ends what is under way', async (t) => {
  const { fake, upstream } = await stand(t)
  fake.behave(hang())
  const asked = faultOf(upstream.request(READ))
  await waitUntil(() => fake.requests.length > 0, 'nothing was asked')
  await upstream.close()
  assert.equal((await asked).code, 'unreachable')
  await waitUntil(() => fake.connections() === 0, 'a connection is left')
})

test('no connection outlives its use for long, also after requests that were broken off', async (t) => {
  const { fake, upstream } = await stand(t, { limits: { ...HASTY, keepAliveTimeoutMs: 50 } })
  for (const behaviour of [hang(), hangInBody(), flood(), resetAtOnce(), json(200, {})]) {
    fake.behave(behaviour)
    await upstream.request(READ).catch(() => {})
  }
  await waitUntil(() => fake.connections() === 0, 'a connection is left')
  assert.equal(upstream.stats().connections, 0)
})

test('whatever mix of answers, faults and callers who leave, every request ends and every place is free', async (t) => {
  const { fake, upstream } = await stand(t, {
    limits: {
      ...HASTY,
      concurrentMax: 8,
      queueMax: 200,
      queueTimeoutMs: 5000,
      answerTimeoutMs: 5000,
    },
  })
  const ways = [
    json(200, {}),
    resetAtOnce(),
    resetInBody(),
    hang(),
    hangInBody(),
    flood(),
    garbage(),
  ]
  let next = 0
  fake.behave((request, response) => {
    next += 1
    ways[next % ways.length]?.(request, response)
  })
  const signals: AbortSignal[] = []
  const outcomes = await Promise.allSettled(
    Array.from({ length: 150 }, (_, i) => {
      const signal = i % 3 === 0 ? AbortSignal.timeout(1 + ((i * 37) % 300)) : undefined
      if (signal !== undefined) signals.push(signal)
      return upstream.request({ ...READ, signal })
    }),
  )
  const faults = outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason] : []))
  assert.deepEqual(
    faults.filter(({ name }) => name !== 'UpstreamFault'),
    [],
  )
  assert.ok(faults.length > 0 && faults.length < outcomes.length)
  const { running, waiting, bufferedBytes } = upstream.stats()
  assert.deepEqual([running, waiting, bufferedBytes], [0, 0, 0])
  assert.equal(signals.filter((s) => getEventListeners(s, 'abort').length > 0).length, 0)
  await waitUntil(() => fake.pending() === 0, 'a request is still open')
  fake.behave(json(200, {}))
  assert.equal((await upstream.request(READ)).status, 200)
})
