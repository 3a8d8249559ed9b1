import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { CatalogueFault } from '../../../src/catalogue/faults.ts'
import { NO_POLICY } from '../../../src/deprecation/policy.ts'
import { type Identity, IdentityUnavailable } from '../../../src/identity/identity.ts'
import {
  ALT,
  type AskOptions,
  DEMO,
  makeImage,
  startServer,
  type TestServer,
  users,
} from './server.ts'

const own = makeImage()
const others = makeImage({ owner: ALT, visibility: 'public' })
const at = `/v2.1/${DEMO}/images`
const json = { 'content-type': 'application/json' }

/** One request for each value of `docs/returned-values.md` that can occur on the Compute port. */
const CASES: readonly [status: number, fault: string | undefined, url: string, AskOptions][] = [
  [200, undefined, `${at}/detail`, {}],
  [204, undefined, `${at}/${own.id}/metadata/a`, { method: 'DELETE' }],
  [300, undefined, '/nosuch', {}],
  [400, 'badRequest', `${at}/detail?limit=x`, {}],
  [401, 'error', `${at}/detail`, { headers: { 'x-auth-token': 'nobody' } }],
  [403, 'forbidden', `${at}/${others.id}`, { method: 'DELETE' }],
  [404, 'itemNotFound', `${at}/nosuch`, {}],
  [405, 'badMethod', `${at}/detail`, { method: 'POST' }],
  [406, 'computeFault', at, { headers: { 'openstack-api-version': 'compute 2.94' } }],
  [
    413,
    'overLimit',
    `${at}/x/metadata`,
    { method: 'POST', body: ' '.repeat(114_689), headers: json },
  ],
  [415, 'badMediaType', at, { headers: { 'content-type': 'application/xml' } }],
]

/**
 * What the documentation says of each value: that it can occur, with which fault, or that it
 * cannot.
 */
function documented(): ReadonlyMap<number, { readonly fault: string; readonly cannot: boolean }> {
  const text = readFileSync(new URL('../../../docs/returned-values.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| (\d{3}) \| `?(\w*)`? ?\| (.*) \|$/gm)]
  return new Map(
    rows.map(([, status, fault = '', when = '']) => [
      Number(status),
      { fault, cannot: when.startsWith('cannot occur') },
    ]),
  )
}

async function start(): Promise<TestServer> {
  const server = await startServer([own, others])
  const body = '{"meta": {"a": "b"}}'
  await server.ask(`${at}/${own.id}/metadata/a`, { method: 'PUT', body })
  return server
}

for (const [status, fault, url, options] of CASES) {
  test(`${status} occurs`, async () => {
    await using server = await start()
    const answer = await server.ask(url, options)
    assert.equal(answer.status, status, answer.text)
    if (fault === undefined) return
    assert.deepEqual(Object.keys(answer.json as object), [fault])
    const { code, message } = Object.values(answer.json as object)[0]
    assert.equal(code, status)
    assert.equal(typeof message, 'string')
    if (fault !== 'error') assert.equal(documented().get(status)?.fault, fault)
  })
}

test('410 occurs after the end that the operator has set', async () => {
  const deprecation = () => ({
    ...NO_POLICY,
    sunsetAt: 1_500_000_000,
    afterSunset: 'gone' as const,
  })
  await using server = await startServer([own], users, { deprecation })
  const answer = await server.ask(`${at}/detail`)
  assert.equal(answer.status, 410)
  assert.equal((answer.json as { itemNotFound: { code: number } }).itemNotFound.code, 410)
  assert.equal(documented().get(410)?.fault, 'itemNotFound')
})

test('408 occurs when a request is not sent in time', async () => {
  await using server = await startServer([])
  server.app.server.requestTimeout = 300
  server.app.server.headersTimeout = 200
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  let text = ''
  for await (const chunk of socket) text += chunk
  assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  assert.match(text, /x-compute-request-id: req-/)
  assert.match(text, /\{"computeFault":\{"code":408,/)
})

/** A catalogue whose every operation fails in the same way. */
async function failing(error: Error, identity: Identity = users): Promise<TestServer> {
  const fail = async (): Promise<never> => {
    throw error
  }
  const catalogue: Catalogue = {
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    get: fail,
    changeProperties: fail,
    delete: fail,
    version: () => undefined,
  }
  return startServer(catalogue, identity)
}

test('503 occurs, with Retry-After, while the catalogue is locked', async () => {
  await using server = await failing(new CatalogueFault('catalogue.busy', 'Busy.'))
  const answer = await server.ask(`${at}/${own.id}`, { method: 'DELETE' })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['retry-after'], '1')
  assert.deepEqual(Object.keys(answer.json as object), ['serviceUnavailable'])
})

const UPSTREAM: readonly [status: number, fault: string, error: Error][] = [
  [409, 'conflictingRequest', new CatalogueFault('image.conflict', 'In use.')],
  [429, 'overLimit', new CatalogueFault('upstream.throttled', 'Slower.', 'detail', 7)],
  [502, 'badGateway', new CatalogueFault('upstream.invalid', 'Not an answer.')],
  [503, 'serviceUnavailable', new CatalogueFault('upstream.unavailable', 'Down.', 'detail', 6.2)],
  [504, 'gatewayTimeout', new CatalogueFault('upstream.timeout', 'No answer.')],
]

for (const [status, fault, error] of UPSTREAM) {
  test(`${status} occurs over a catalogue that stands elsewhere`, async () => {
    await using server = await failing(error)
    for (const [url, method] of [
      [`${at}/detail`, 'GET'] as const,
      [`${at}/x`, 'DELETE'] as const,
    ]) {
      const answer = await server.ask(url, { method })
      assert.equal(answer.status, status)
      const retryAfter = status === 429 ? { retryAfter: '7' } : {}
      const body = { code: status, message: error.message, ...retryAfter }
      assert.deepEqual(answer.json, { [fault]: body })
      assert.equal(answer.headers['retry-after'], { 429: '7', 503: '7' }[status])
      assert.equal(documented().get(status)?.fault, fault)
    }
  })
}

const TROUBLE = [
  [503, 'serviceUnavailable', 'unavailable'],
  [502, 'badGateway', 'invalid'],
  [504, 'gatewayTimeout', 'timeout'],
] as const

for (const [status, fault, kind] of TROUBLE) {
  test(`${status} occurs while the identity service is of no use`, async () => {
    const error = new IdentityUnavailable('secret detail', { kind, retryAfterS: 3 })
    await using server = await startServer([], { authenticate: () => Promise.reject(error) })
    const answer = await server.ask(`${at}/detail`)
    assert.equal(answer.status, status)
    assert.deepEqual(Object.keys(answer.json as object), [fault])
    assert.equal(answer.headers['retry-after'], '3')
    assert.doesNotMatch(answer.text, /secret/)
  })
}

test('401 occurs where the token is refused by who holds the images', async () => {
  const forgotten: string[] = []
  const known = { ...users, forget: (token: string) => forgotten.push(token) }
  const fault = new CatalogueFault('token.refused', 'Refused.')
  await using server = await failing(fault, known)
  const answer = await server.ask(`${at}/detail`)
  assert.equal(answer.status, 401)
  assert.deepEqual(Object.keys(answer.json as object), ['error'])
  assert.match(String(answer.headers['www-authenticate']), /^Keystone uri=/)
  assert.deepEqual(forgotten, ['demo'])
})

test('500 occurs for a failure of our own, and says nothing of its cause', async () => {
  await using server = await failing(new Error('secret detail in file.ts:12'))
  for (const url of [`${at}/detail`, `${at}/${own.id}`]) {
    const answer = await server.ask(url)
    assert.equal(answer.status, 500)
    assert.deepEqual(Object.keys(answer.json as object), ['computeFault'])
    assert.doesNotMatch(answer.text, /secret|file\.ts|Error/)
  }
})

test('the documentation has every general value, and tells apart those that can occur', () => {
  const general = [200, 201, 202, 204, 300, 400, 401, 403, 404, 405, 406, 407, 408, 409, 413, 415]
  const values = [...general, 410, 429, 500, 501, 502, 503, 504]
  assert.deepEqual(
    [...documented().keys()],
    values.toSorted((a, b) => a - b),
  )
  const upstream = UPSTREAM.map(([status]) => status)
  const shown = [...CASES.map(([status]) => status), ...upstream, 408, 410, 500]
  const can = [...documented()].filter(([, { cannot }]) => !cannot).map(([status]) => status)
  assert.deepEqual(
    can,
    shown.toSorted((a, b) => a - b),
  )
})
