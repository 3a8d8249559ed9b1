import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Flags } from '../../src/config/load.ts'
import { startFakeNova } from '../cloud/fake-nova.ts'
import { goodGlance, PROJECT, startStand, TOKEN } from '../cloud/stand.ts'
import { resetAtOnce, type SeenRequest, status } from '../upstream/fake-upstream.ts'
import { type CollectedSpan, type Collector, startCollector } from './collector.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT_ID = '00f067aa0ba902b7'
const TRACE = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate: 'vendor=value' }

async function start(t: TestContext, flags: Flags = {}) {
  const collector = await startCollector(t)
  const nova = await startFakeNova(t)
  const stand = await startStand(t, {
    flags: {
      'tracing.otlpUrl': collector.url,
      'tracing.sampleRatio': '1',
      'compute.upstreamUrl': nova.url,
      ...flags,
    },
  })
  let isClosed = false
  const close = async () => {
    if (!isClosed) await stand.running.close()
    isClosed = true
  }
  t.after(close)
  return { stand, nova, collector, close }
}

/** Names, from the outermost to the span itself. */
function pathOf(span: CollectedSpan, collector: Collector): string {
  const parent = collector.spans().find(({ spanId }) => spanId === span.parentId)
  return parent === undefined ? span.name : `${pathOf(parent, collector)} > ${span.name}`
}

test('each request to another service is a span, and the service works under it', async (t) => {
  const { stand, collector, close } = await start(t)
  await stand.ask('images/detail?name=secret-name', { headers: TRACE })
  await close()
  const paths = collector.spans().map((span) => pathOf(span, collector))
  assert.deepEqual(paths.toSorted(), [
    'GET list_images_detail',
    'GET list_images_detail > catalogue list',
    'GET list_images_detail > catalogue list > GET Glance',
    'GET list_images_detail > identity',
    'GET list_images_detail > identity > GET Keystone',
  ])
  for (const [service, { requests }] of [
    ['Glance', stand.glance],
    ['Keystone', stand.keystone],
  ] as const) {
    const { spanId, kind, attributes } = collector.span(`GET ${service}`)
    assert.equal(kind, 'client')
    assert.equal(requests[0]?.headers['traceparent'], `00-${TRACE_ID}-${spanId}-01`)
    assert.equal(requests[0]?.headers['tracestate'], TRACE.tracestate)
    assert.equal(attributes['peer.service'], service.toLowerCase())
    assert.equal(attributes['http.response.status_code'], 200)
  }
  const { port } = new URL(stand.glance.url)
  const { attributes } = collector.span('GET Glance')
  assert.deepEqual(
    [attributes['server.address'], attributes['server.port'], attributes['url.path']],
    ['127.0.0.1', Number(port), '/v2/images'],
  )
  for (const secret of [TOKEN, 'secret-name']) assert.ok(!collector.text().includes(secret))
})

test('each attempt is a span of its own, and a failed one says why', async (t) => {
  const { stand, collector, close } = await start(t)
  let asked = 0
  stand.glance.behave((request: SeenRequest) => {
    asked += 1
    return asked === 1 ? resetAtOnce() : asked === 2 ? status(503) : goodGlance(request)
  })
  assert.equal((await stand.ask('images/detail', { headers: TRACE })).status, 200)
  await close()
  const attempts = collector.spans().filter(({ name }) => name === 'GET Glance')
  assert.deepEqual(
    attempts.map(({ attributes, isFailed }) => [
      attributes['http.request.resend_count'],
      attributes['error.type'],
      isFailed,
    ]),
    [
      [undefined, 'unreachable', true],
      [1, '503', true],
      [2, undefined, false],
    ],
  )
  const sent = stand.glance.requests.map(({ headers }) => headers['traceparent'])
  assert.deepEqual(
    sent,
    attempts.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-01`),
  )
})

test('what goes to Nova is a span, and Nova works under it', async (t) => {
  const { stand, nova, collector, close } = await start(t)
  const servers = `/v2.1/${PROJECT}/servers?name=secret-name`
  await stand.ask(servers, { headers: TRACE })
  nova.answer = (request) => request.socket.destroy()
  assert.equal((await stand.ask(servers, { method: 'POST', headers: TRACE })).status, 502)
  await close()
  const span = collector.span('GET Nova')
  assert.equal(pathOf(span, collector), 'GET forward > GET Nova')
  assert.equal(span.attributes['http.response.status_code'], 200)
  const headers = (nova.seen[0]?.rawHeaders ?? []).join('\n')
  assert.ok(headers.includes(`traceparent\n00-${TRACE_ID}-${span.spanId}-01`), headers)
  assert.ok(!headers.includes(PARENT_ID))
  const failed = collector.span('POST Nova')
  assert.deepEqual([failed.attributes['error.type'], failed.isFailed], ['upstream.invalid', true])
  assert.ok(!collector.text().includes('secret-name'))
})

test('where a trace is not recorded, services get it as it came, or one to be left out', async (t) => {
  const { stand } = await start(t, { 'tracing.sampleRatio': '0' })
  const traceparent = `00-${TRACE_ID}-${PARENT_ID}-00`
  await stand.ask('images/detail', { headers: { traceparent } })
  await stand.ask('images/detail')
  const [passedOn, begun] = stand.glance.requests.map(({ headers }) => headers['traceparent'])
  assert.equal(passedOn, traceparent)
  assert.match(begun ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  assert.ok(!begun?.includes(TRACE_ID))
})

test('a list of the short memory is a span of the catalogue, with no request within it', async (t) => {
  const { stand, collector, close } = await start(t, { 'cache.ttlMs': '60000' })
  await stand.ask('images/detail')
  await stand.ask('images/detail')
  await close()
  const names = collector.spans().map(({ name }) => name)
  assert.equal(names.filter((name) => name === 'catalogue list').length, 2)
  assert.equal(names.filter((name) => name === 'GET Glance').length, 1)
})
