import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startRunning } from '../server/running.ts'
import { type Collector, startCollector } from './collector.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT_ID = '00f067aa0ba902b7'
const SAMPLED = { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate: 'vendor=value' }
const NOT_SAMPLED_ID = '1111111111111111111111111111111a'
const NOT_SAMPLED = { traceparent: `00-${NOT_SAMPLED_ID}-${PARENT_ID}-00` }
const MALFORMED_ID = '2222222222222222222222222222222b'
const MALFORMED = { traceparent: `00-${MALFORMED_ID}-01`, tracestate: 'a=1' }
const SECRET = 'hunter2-in-clear'
const FERNET = `gAAAAA${'y'.repeat(180)}`
const NOBODYS_IMAGE = '00000000-0000-4000-8000-000000000009'

/** Two Afterimages one after the other: one records no trace that begins there, and one all of them. */
const data = mkdtempSync(join(tmpdir(), 'afterimage-tracing-'))
let ofNone: Collector
let ofAll: Collector
let token: string

type Stand = Awaited<ReturnType<typeof startRunning>>

before(async () => {
  const none = await start('0')
  const images = `${none.stand.running.urls.compute}/v2.1/images`
  for (const headers of [{}, NOT_SAMPLED, SAMPLED]) await ask(none.stand, images, { headers })
  // Everything has been sent when this is done.
  await none.stand.running.close()
  ofNone = none.collector
  const all = await start('1')
  token = all.stand.token
  await askForAll(all.stand)
  await change(all.stand)
  await tellSecrets(all.stand)
  await all.stand.running.close()
  ofAll = all.collector
})

after(() => rmSync(data, { recursive: true }))

async function start(ratio: '0' | '1'): Promise<{ stand: Stand; collector: Collector }> {
  const collector = await startCollector({ after })
  const flags = { 'tracing.otlpUrl': collector.url, 'tracing.sampleRatio': ratio }
  return { stand: await startRunning(data, flags), collector }
}

async function ask(stand: Stand, url: string, init: RequestInit = {}) {
  const headers = { 'x-auth-token': stand.token, ...(init.headers as Record<string, string>) }
  const answer = await fetch(url, { ...init, headers })
  return { status: answer.status, text: await answer.text() }
}

async function askForAll(stand: Stand): Promise<void> {
  const { compute } = stand.running.urls
  await ask(stand, `${compute}/v2.1/images/detail?name=x`, { headers: SAMPLED })
  await ask(stand, `${compute}/v2.1/images`, { headers: NOT_SAMPLED })
  await ask(stand, `${compute}/v2.1/images`, { headers: MALFORMED })
  assert.equal((await ask(stand, `${compute}/v2.1/images/${NOBODYS_IMAGE}`)).status, 404)
  for (let i = 0; i < 3; i += 1) await ask(stand, `${compute}/v2.1/images?limit=7&n=${i}`)
  for (const path of ['/healthcheck', '/readiness']) await ask(stand, `${compute}${path}`)
}

async function change(stand: Stand): Promise<void> {
  const images = `${stand.running.urls.image}/v2/images`
  const headers = { 'content-type': 'application/json' }
  const body = '{"name": "x", "visibility": "private"}'
  const { id } = JSON.parse((await ask(stand, images, { method: 'POST', headers, body })).text)
  await ask(stand, `${images}/${id}/tags/blue`, { method: 'PUT' })
  await ask(stand, `${images}?limit=1`)
  await ask(stand, `${images}/${id}`, { method: 'DELETE' })
}

async function tellSecrets(stand: Stand): Promise<void> {
  const { compute, image, identity } = stand.running.urls
  const odd: readonly (readonly [string, RequestInit?])[] = [
    [`${compute}/v2.1/images/detail?name=${SECRET}&token=${token}`],
    [`${compute}/v2.1/images/${token}`],
    [`${compute}/v2.1/${FERNET}?${SECRET}`],
    [`${compute}/v2.1/${'a/'.repeat(2000)}`],
    [`${image}/v2/images/${token}?x=${SECRET}`],
    [`${image}/v2/images?marker=${token}`],
    [`${identity}/v2.0/tokens/${token}`],
    [`${identity}/v3/auth/tokens`, { headers: { 'x-subject-token': token } }],
    [`${identity}/v3/auth/tokens`, { method: 'POST', body: `{"auth": "${SECRET}"}` }],
    [`${compute}/v2.1/images`, { headers: { 'x-auth-token': SECRET, 'user-agent': SECRET } }],
  ]
  for (const [url, init] of odd) await ask(stand, url, init)
}

test('requests that are alike have a trace each, with what was done for it', () => {
  const lists = ofAll.spans().filter(({ name }) => name === 'catalogue list')
  assert.ok(lists.length >= 5)
  assert.equal(new Set(lists.map(({ traceId }) => traceId)).size, lists.length)
})

test('a list is a span of the request, within it one of the token and one of the catalogue', () => {
  const spans = ofAll.spans().filter(({ traceId }) => traceId === TRACE_ID)
  const request = spans.find(({ kind }) => kind === 'server') ?? assert.fail('no request')
  assert.deepEqual(
    [request.name, request.parentId, request.isFailed],
    ['GET list_images_detail', PARENT_ID, false],
  )
  const { 'openstack.request_id': id, ...rest } = request.attributes
  assert.match(String(id), /^req-/)
  assert.deepEqual(rest, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/v2.1/images/detail',
    'url.path': '/v2.1/images/detail',
    'url.scheme': 'http',
    'openstack.global_request_id': id,
    'afterimage.face': 'compute',
    'afterimage.operation': 'list_images_detail',
  })
  const within = spans.filter((span) => span !== request)
  assert.deepEqual(
    within.map(({ name, kind, parentId }) => [name, kind, parentId]),
    [
      ['identity', 'internal', request.spanId],
      ['catalogue list', 'internal', request.spanId],
    ],
  )
  assert.equal(within[1]?.attributes['afterimage.images'], 0)
})

test('spans say which process has sent them', () => {
  for (const { resource } of ofAll.spans()) {
    assert.equal(resource['service.name'], 'afterimage')
    assert.equal(resource['service.instance.id'], `${hostname()}:${process.pid}`)
  }
})

test('what the Image API does in the catalogue has spans of its own', () => {
  const nameOf = new Map(ofAll.spans().map(({ spanId, name }) => [spanId, name]))
  const done = new Set(
    ofAll
      .spans()
      .filter(({ name }) => name.startsWith('catalogue '))
      .map(({ name, parentId }) => `${nameOf.get(parentId)} > ${name}`),
  )
  for (const expected of [
    'POST create_image > catalogue create',
    'PUT add_tag > catalogue update',
    'GET list_images > catalogue search',
    'DELETE delete_image > catalogue remove',
    'GET show_image > catalogue find',
  ]) {
    assert.ok(done.has(expected), `${expected} is not one of ${[...done]}`)
  }
  assert.equal(ofAll.span('PUT add_tag').attributes['http.route'], '/v2/images/:id/tags/:name')
  assert.equal(ofAll.span('PUT add_tag').attributes['afterimage.face'], 'image')
})

test('an image that is not there is no failure, but the span says so', () => {
  const request = ofAll
    .spans()
    .find(({ attributes }) => attributes['url.path'] === `/v2.1/images/${NOBODYS_IMAGE}`)
  const get = ofAll.spans().find((s) => s.parentId === request?.spanId && s.name !== 'identity')
  assert.deepEqual(
    [get?.name, get?.attributes['error.type'], get?.isFailed],
    ['catalogue get', 'image.not_found', false],
  )
  const { attributes, isFailed } = request ?? assert.fail('no request')
  assert.deepEqual([attributes['http.response.status_code'], isFailed], [404, false])
})

test('a sign-in has a span of its own', () => {
  const { spanId } = ofAll.spans().find(({ name }) => name === 'POST create_token') ?? {}
  assert.equal(ofAll.span('identity sign-in').parentId, spanId)
})

test('the caller decides whether its trace is recorded, whatever the ratio is', () => {
  const requests = ofNone.spans().filter(({ kind }) => kind === 'server')
  assert.deepEqual(
    requests.map(({ traceId, parentId }) => [traceId, parentId]),
    [[TRACE_ID, PARENT_ID]],
  )
  assert.ok(!ofAll.text().includes(NOT_SAMPLED_ID))
})

test('a malformed traceparent begins a trace of its own', () => {
  assert.ok(!ofAll.text().includes(MALFORMED_ID))
  const begun = ofAll.spans().find(({ attributes }) => attributes['url.path'] === '/v2.1/images')
  assert.equal(begun?.parentId, '')
})

test('the probes of balancers have no spans', () => {
  const paths = ofAll.spans().map(({ attributes }) => attributes['url.path'])
  assert.ok(paths.includes('/v2.1/images'))
  assert.ok(!paths.includes('/healthcheck') && !paths.includes('/readiness'))
})

test('nothing secret is in what is sent, whatever callers put where', () => {
  assert.ok(ofAll.spans().filter(({ kind }) => kind === 'server').length > 15)
  for (const never of [token, SECRET, FERNET, 'yyyyyyyy', 'correct horse']) {
    assert.ok(!ofAll.text().includes(never), never)
  }
  for (const { attributes } of ofAll.spans()) {
    for (const value of Object.values(attributes)) assert.ok(String(value).length <= 512)
  }
})
