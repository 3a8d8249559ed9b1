import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type OtlpTimeouts,
  QUEUED_SPANS_MAX,
  SPANS_PER_EXPORT_MAX,
} from '../../src/tracing/otlp/limits.ts'
import { OtlpTracer } from '../../src/tracing/otlp/otlp-tracer.ts'
import { LIST, startServer, TOKEN } from '../server/stand.ts'
import { type Behaviour, hang, json, status } from '../upstream/fake-upstream.ts'
import { type Collector, startCollector } from './collector.ts'

/** A tracer that sends to a collector, and what it says of its troubles. */
async function startTracer(t: TestContext, timeouts: Partial<OtlpTimeouts> = {}) {
  const collector = await startCollector(t)
  const said: { message: string; spansLost: number }[] = []
  const tracer = new OtlpTracer({
    url: collector.url,
    sampleRatio: 1,
    timeouts,
    onTrouble: ({ message }, spansLost) => said.push({ message, spansLost }),
  })
  const record = (spans: number) => {
    for (let n = 0; n < spans; n += 1) tracer.begin(undefined).end?.({ name: `span ${n}` })
  }
  return { collector, tracer, record, said }
}

function hangUntil(goesOn: Promise<void>): Behaviour {
  return (request, response) => {
    void goesOn.then(() => json(200, {})(request, response))
  }
}

async function asked({ fake }: Collector, requests: number): Promise<void> {
  while (fake.requests.length < requests) await sleep(5)
}

test('a collector that hangs keeps no request from its answer', async (t) => {
  const { collector, tracer, record } = await startTracer(t)
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  collector.fake.behave(hangUntil(goesOn))
  const server = await startServer({ tracer })
  t.after(() => server.close())
  record(SPANS_PER_EXPORT_MAX)
  await asked(collector, 1)
  for (let n = 0; n < 5; n += 1) {
    const headers = { 'x-auth-token': TOKEN }
    const answer = await fetch(`http://127.0.0.1:${server.port}${LIST}`, { headers })
    assert.equal(answer.status, 200)
  }
  assert.equal(collector.fake.pending(), 1)
  goOn()
  await tracer.close()
})

test('closing waits only so long for a collector that hangs, and leaves no connection', async (t) => {
  const { collector, tracer, record } = await startTracer(t, {
    exportTimeoutMs: 500,
    closeTimeoutMs: 20,
  })
  collector.fake.behave(hang())
  record(SPANS_PER_EXPORT_MAX)
  await asked(collector, 1)
  await tracer.close()
  while (collector.fake.connections() > 0) await sleep(5)
})

test('an export that gets no answer in time is told of', async (t) => {
  const { collector, tracer, record, said } = await startTracer(t, { exportTimeoutMs: 20 })
  collector.fake.behave(hang())
  record(3)
  await tracer.close()
  assert.deepEqual(
    said.map(({ spansLost }) => spansLost),
    [3],
  )
})

test('spans that wait are bounded, and those above the bound are dropped', async (t) => {
  const { collector, tracer, record } = await startTracer(t)
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  collector.fake.behave(hangUntil(goesOn))
  record(SPANS_PER_EXPORT_MAX)
  await asked(collector, 1)
  record(QUEUED_SPANS_MAX + 1000)
  goOn()
  await tracer.close()
  assert.equal(collector.spans().length, SPANS_PER_EXPORT_MAX + QUEUED_SPANS_MAX)
})

test('a collector that refuses is told of once, with how many spans were lost', async (t) => {
  const { collector, tracer, record, said } = await startTracer(t)
  collector.fake.behave(status(400))
  record(SPANS_PER_EXPORT_MAX)
  while (said.length < 1) await sleep(5)
  record(SPANS_PER_EXPORT_MAX * 2)
  await tracer.close()
  assert.equal(collector.fake.requests.length, 3)
  assert.deepEqual(
    said.map(({ spansLost }) => spansLost),
    [SPANS_PER_EXPORT_MAX],
  )
})

test('nothing is sent where nothing was recorded, and nothing after the end', async (t) => {
  const { collector, tracer, record } = await startTracer(t)
  await tracer.close()
  record(10)
  await tracer.close()
  assert.equal(collector.fake.requests.length, 0)
})

test('a collector that asks for authorisation gets the headers of the variable for it', async (t) => {
  t.after(() => delete process.env['OTEL_EXPORTER_OTLP_HEADERS'])
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'authorization=Bearer%20it-is-me'
  const { collector, tracer, record } = await startTracer(t)
  record(1)
  await tracer.close()
  assert.equal(collector.fake.requests[0]?.headers['authorization'], 'Bearer it-is-me')
})

test('the address of the collector may be its base, or that of its traces', async (t) => {
  const collector = await startCollector(t)
  for (const url of [collector.url, `${collector.url}/v1/traces`, `${collector.url}/behind`]) {
    const tracer = new OtlpTracer({ url, sampleRatio: 1, onTrouble: () => undefined })
    tracer.begin(undefined).end?.()
    await tracer.close()
  }
  const paths = collector.fake.requests.map(({ path }) => path)
  assert.deepEqual(paths, ['/v1/traces', '/v1/traces', '/behind/v1/traces'])
})
