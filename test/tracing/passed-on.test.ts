import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FakeNova, startFakeNova } from '../cloud/fake-nova.ts'
import { IMAGE_ID, PROJECT, type Stand, startStand } from '../cloud/stand.ts'

/** What goes on to other services where no spans are recorded. */

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACE = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-00`, tracestate: 'a=1,b=2' }
const NONE = { traceparent: undefined, tracestate: undefined }
const MALFORMED = { traceparent: '00-not-a-trace-01', tracestate: 'a=1' }
const SERVERS = `/v2.1/${PROJECT}/servers`

async function start(t: TestContext): Promise<{ stand: Stand; nova: FakeNova }> {
  const nova = await startFakeNova(t)
  const stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url } })
  t.after(() => stand.running.close())
  return { stand, nova }
}

/** The trace headers of the last request that each service got. */
function seen({ glance, keystone }: Stand, nova: FakeNova) {
  const of = (headers: Readonly<Record<string, string | undefined>> = {}) => ({
    traceparent: headers['traceparent'],
    tracestate: headers['tracestate'],
  })
  const raw = nova.seen.at(-1)?.rawHeaders ?? []
  const pairs = raw.flatMap((name, n) =>
    n % 2 === 0 ? [[name.toLowerCase(), raw[n + 1] ?? ''] as const] : [],
  )
  return {
    glance: of(glance.requests.at(-1)?.headers),
    keystone: of(keystone.requests.at(-1)?.headers),
    nova: of(Object.fromEntries(pairs)),
  }
}

test("a caller's trace goes on to Glance, Keystone and Nova unchanged", async (t) => {
  const { stand, nova } = await start(t)
  assert.equal((await stand.ask('images/detail', { headers: TRACE })).status, 200)
  assert.equal((await stand.ask(SERVERS, { headers: TRACE })).status, 200)
  assert.deepEqual(seen(stand, nova), { glance: TRACE, keystone: TRACE, nova: TRACE })
  await stand.ask(`images/${IMAGE_ID}`, { method: 'DELETE', headers: TRACE })
  assert.equal(stand.glance.requests.at(-1)?.headers['traceparent'], TRACE.traceparent)
})

test('one that is malformed goes on to none of them, and the request is answered', async (t) => {
  const { stand, nova } = await start(t)
  assert.equal((await stand.ask('images/detail', { headers: MALFORMED })).status, 200)
  assert.equal((await stand.ask(SERVERS, { headers: MALFORMED })).status, 200)
  assert.deepEqual(seen(stand, nova), { glance: NONE, keystone: NONE, nova: NONE })
})

test('without one, none is made up', async (t) => {
  const { stand, nova } = await start(t)
  await stand.ask('images/detail')
  await stand.ask(SERVERS)
  assert.deepEqual(seen(stand, nova), { glance: NONE, keystone: NONE, nova: NONE })
})

test("the trace's id is in the log line of a request that has one", async (t) => {
  const { stand } = await start(t)
  for (const headers of [TRACE, MALFORMED]) await stand.ask('images/detail', { headers })
  const lines = () =>
    stand.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request')
  while (lines().length < 2) await sleep(5)
  assert.deepEqual(
    lines().map(({ traceId }) => traceId),
    [TRACE_ID, undefined],
  )
})
