import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { UpstreamFault } from '../../src/upstream/fault.ts'
import { UPSTREAM_LIMITS } from '../../src/upstream/limits.ts'
import { Upstream, type UpstreamRequest } from '../../src/upstream/upstream.ts'
import { after, type FakeUpstream, fakeUpstream, hang, json, status } from './fake-upstream.ts'

const READ: UpstreamRequest = { method: 'GET', path: '/v2/images', requestId: 'req-1' }
const FIRST_BYTE_TIMEOUT_MS = 200
const HANGS_MAX = UPSTREAM_LIMITS.hangsMax

async function stand(t: TestContext): Promise<{ fake: FakeUpstream; upstream: Upstream }> {
  const fake = await fakeUpstream(t)
  const limits = { firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS, concurrentMax: HANGS_MAX }
  const upstream = new Upstream({ name: 'Glance', urls: [fake.url], limits })
  t.after(() => upstream.close())
  return { fake, upstream }
}

/** How each of so many requests at once ended: its status or the code of its fault. */
async function ask(upstream: Upstream, count: number): Promise<readonly (number | string)[]> {
  const asked = Array.from({ length: count }, () => upstream.request(READ))
  return (await Promise.allSettled(asked)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value.status : (outcome.reason as UpstreamFault).code,
  )
}

async function open(fake: FakeUpstream, upstream: Upstream): Promise<void> {
  fake.behave(hang())
  assert.deepEqual(await ask(upstream, HANGS_MAX), Array(HANGS_MAX).fill('timeout'))
  fake.requests.length = 0
}

test('while a service hangs, those who wait and those who come are refused, but for one probe', async (t) => {
  const { fake, upstream } = await stand(t)
  fake.behave(hang())
  const first = await ask(upstream, HANGS_MAX + 20)
  // Each hang but the last that is needed gives its place to one who waits.
  const asked = 2 * HANGS_MAX - 1
  assert.ok(first.slice(0, HANGS_MAX).every((end) => end === 'timeout'))
  assert.ok(
    first.slice(asked).every((end) => end === 'overloaded'),
    first.join(),
  )
  assert.ok(fake.requests.length <= asked)
  fake.requests.length = 0
  assert.deepEqual(await ask(upstream, 20), ['timeout', ...Array(19).fill('overloaded')])
  assert.equal(fake.requests.length, 1)
  assert.deepEqual(upstream.stats().running, 0)
})

test('a refusal says after how many seconds the probe has ended', async (t) => {
  const { fake, upstream } = await stand(t)
  await open(fake, upstream)
  const probe = upstream.request(READ).catch((fault: UpstreamFault) => fault.code)
  await assert.rejects(upstream.request(READ), { code: 'overloaded', retryAfterS: 1 })
  assert.equal(await probe, 'timeout')
})

for (const code of [200, 404, 500]) {
  test(`an answer ${code} to the probe lets everybody through again`, async (t) => {
    const { fake, upstream } = await stand(t)
    await open(fake, upstream)
    fake.behave(status(code))
    assert.deepEqual(await ask(upstream, 1), [code])
    assert.deepEqual(await ask(upstream, HANGS_MAX), Array(HANGS_MAX).fill(code))
  })
}

test('a probe that its caller gives up makes room for the next', async (t) => {
  const { fake, upstream } = await stand(t)
  await open(fake, upstream)
  const hangUp = new AbortController()
  const probe = upstream.request({ ...READ, signal: hangUp.signal })
  hangUp.abort()
  await assert.rejects(probe, { code: 'aborted' })
  fake.behave(json(200, {}))
  assert.deepEqual(await ask(upstream, 1), [200])
})

test('requests that hang while later ones are answered refuse nobody', async (t) => {
  const { fake, upstream } = await stand(t)
  let count = 0
  fake.behave((request, response) => {
    count += 1
    if (count < HANGS_MAX) return
    after(FIRST_BYTE_TIMEOUT_MS / 4, json(200, {}))(request, response)
  })
  const slow = ask(upstream, HANGS_MAX - 1)
  for (let i = 0; i < 3; i += 1) assert.deepEqual(await ask(upstream, 1), [200])
  assert.deepEqual(await slow, Array(HANGS_MAX - 1).fill('timeout'))
  fake.behave(hang())
  assert.deepEqual(await ask(upstream, HANGS_MAX - 1), Array(HANGS_MAX - 1).fill('timeout'))
  fake.behave(json(200, {}))
  assert.deepEqual(await ask(upstream, HANGS_MAX), Array(HANGS_MAX).fill(200))
})
