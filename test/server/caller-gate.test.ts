import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { FastifyReply } from 'fastify'
import { trustedProxyList } from '../../src/api/request/base-url.ts'
import type { LimitsConfig } from '../../src/config/config.ts'
import type { Caller, Identity } from '../../src/identity/identity.ts'
import { CallerGate } from '../../src/server/caller-gate.ts'
import { ask, openHouse, tokenOf } from '../api/identity/fixtures.ts'
import { openDataStand } from '../api/image/data-stand.ts'
import { HandClock } from '../limits/hand-clock.ts'
import { limitsConfig } from '../limits/settings.ts'
import type { Answer } from './answers.ts'
import { request, startServer } from './stand.ts'
import { say } from './wire.ts'

const BURST = 5
const RATE: Partial<LimitsConfig> = { projectRequestsPerMinute: 60, projectBurst: BURST }
const ADDRESS_RATE: Partial<LimitsConfig> = { addressRequestsPerMinute: 60, addressBurst: BURST }
const PROXY = '127.0.0.1'

/** A token is the id of its project. */
const users: Identity = {
  authenticate: async (projectId): Promise<Caller> => ({
    userId: 'u',
    projectId,
    roles: ['member'],
    isAdmin: false,
    mayWrite: true,
    expiresAtMs: Number.POSITIVE_INFINITY,
  }),
}

function gateOf(limits: Partial<LimitsConfig>) {
  const clock = new HandClock()
  const proxies = trustedProxyList([PROXY])
  const callers = new CallerGate(limitsConfig(limits), proxies, () => clock.nowMs)
  return { clock, callers }
}

async function serverOf(t: TestContext, limits: Partial<LimitsConfig>, identity = users) {
  const { clock, callers } = gateOf(limits)
  const stand = await startServer({ callers, users: identity })
  t.after(() => stand.close())
  const list = (project: string, headers: Readonly<Record<string, string>> = {}) =>
    one(stand.port, request('GET', '/v2.1/images', { 'X-Auth-Token': project, ...headers }))
  return { clock, callers, port: stand.port, list }
}

async function one(port: number, bytes: string): Promise<Answer> {
  const { answers } = await say(port, bytes, { until: 1 })
  const [answer] = answers
  assert.ok(answer !== undefined)
  return answer
}

function statuses(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test("a flood of one project leaves another project's requests answered", async (t) => {
  const { list } = await serverOf(t, RATE)
  const flood = Array.from({ length: 60 }, () => list('noisy'))
  const others = Array.from({ length: BURST }, () => list('quiet'))
  assert.deepEqual(statuses(await Promise.all(others)), { 200: BURST })
  assert.deepEqual(statuses(await Promise.all(flood)), { 200: BURST, 429: 60 - BURST })
})

test("Nova's overLimit says when to try again, in the body and in the headers", async (t) => {
  const { clock, list } = await serverOf(t, RATE)
  for (let i = 0; i < BURST; i += 1) assert.equal((await list('p')).status, 200)
  const answer = await list('p')
  assert.equal(answer.status, 429)
  assert.deepEqual(JSON.parse(answer.body), {
    overLimit: {
      code: 429,
      message: 'There are too many requests of this project. Try again later.',
      retryAfter: '1',
    },
  })
  assert.deepEqual(answer.headers.get('retry-after'), ['1'])
  assert.deepEqual(answer.headers.get('ratelimit-policy'), ['"project";q=5;w=5'])
  assert.deepEqual(answer.headers.get('ratelimit'), ['"project";r=0;t=5'])
  clock.advance(1000)
  assert.equal((await list('p')).status, 200)
  assert.equal((await list('p')).status, 429)
})

test('an answer says how its caller stands, whatever it is', async (t) => {
  const { port, list } = await serverOf(t, { ...RATE, ...ADDRESS_RATE, addressBurst: 9 })
  const good = await list('p')
  assert.deepEqual(good.headers.get('ratelimit-policy'), ['"address";q=9;w=9, "project";q=5;w=5'])
  assert.deepEqual(good.headers.get('ratelimit'), ['"address";r=8;t=1, "project";r=4;t=1'])
  const missing = await one(port, request('GET', '/v2.1/images/none', { 'X-Auth-Token': 'p' }))
  assert.equal(missing.status, 404)
  assert.deepEqual(missing.headers.get('ratelimit'), ['"address";r=7;t=2, "project";r=3;t=2'])
  const stranger = await one(port, request('GET', '/v2.1/images', { 'X-Auth-Token': undefined }))
  assert.equal(stranger.status, 401)
  assert.deepEqual(stranger.headers.get('ratelimit'), ['"address";r=6;t=3'])
})

test('without rates nobody is counted, and no answer speaks of them', async (t) => {
  const { list } = await serverOf(t, {})
  const answers = await Promise.all(Array.from({ length: 150 }, () => list('p')))
  assert.deepEqual(statuses(answers), { 200: 150 })
  assert.ok(answers.every(({ headers }) => !headers.has('ratelimit')))
})

test('an address is refused before its token is looked at; other addresses are answered', async (t) => {
  let asked = 0
  const counting: Identity = {
    authenticate: (token) => {
      asked += 1
      return users.authenticate(token)
    },
  }
  const { port, list } = await serverOf(t, ADDRESS_RATE, counting)
  const from = (address: string) => list('p', { 'X-Forwarded-For': address })
  const flood = await Promise.all(Array.from({ length: 20 }, () => from('203.0.113.1')))
  assert.deepEqual(statuses(flood), { 200: BURST, 429: 20 - BURST })
  assert.equal(asked, BURST)
  assert.equal((await from('203.0.113.2')).status, 200)
  const refused = await from('203.0.113.1')
  const { overLimit } = JSON.parse(refused.body)
  assert.equal(overLimit.message, 'There are too many requests of this address. Try again later.')
  assert.equal(overLimit.retryAfter, '1')
  for (const probe of ['/healthcheck', '/readiness']) {
    const headers = { 'X-Forwarded-For': '203.0.113.1' }
    assert.equal((await one(port, request('GET', probe, headers))).status, 200)
  }
})

test('addresses of one IPv6 network are one', async (t) => {
  const { list } = await serverOf(t, ADDRESS_RATE)
  const from = (address: string) => list('p', { 'X-Forwarded-For': address })
  for (let i = 1; i <= BURST; i += 1) assert.equal((await from(`2001:db8::${i}`)).status, 200)
  assert.equal((await from('2001:db8::ffff')).status, 429)
  assert.equal((await from('2001:db8:0:1::1')).status, 200)
})

test('where nobody checks tokens, projects are not told apart, and not counted', async (t) => {
  const unchecked: Identity = {
    authenticate: async () => ({
      userId: '',
      projectId: null,
      roles: [],
      isAdmin: false,
      mayWrite: true,
      expiresAtMs: Number.POSITIVE_INFINITY,
      isUnchecked: true,
    }),
  }
  const { list } = await serverOf(t, RATE, unchecked)
  const answers = await Promise.all(Array.from({ length: 20 }, () => list('any')))
  assert.deepEqual(statuses(answers), { 200: 20 })
})

test('the other faces count too, and refuse in the shape of their API', async (t) => {
  const { callers } = gateOf({ projectRequestsPerMinute: 60, projectBurst: 1 })
  const image = await openDataStand({}, {}, { callers })
  t.after(() => image.close())
  const images = (headers = {}) =>
    one(image.port, request('GET', '/v2/images', { 'X-Auth-Token': 'member', ...headers }))
  assert.equal((await images()).status, 200)
  const text = await images()
  assert.equal(text.status, 429)
  assert.match(text.body, /^429 Too Many Requests\n\nThere are too many requests of this project/)
  assert.deepEqual(text.headers.get('retry-after'), ['1'])
  assert.deepEqual(text.headers.get('ratelimit'), ['"project";r=0;t=1'])
  const json = await images({ Accept: 'application/json' })
  assert.equal(JSON.parse(json.body).code, '429 Too Many Requests')

  const { app } = await openHouse(t, { callers })
  const token = await tokenOf(app, 'demo')
  const catalog = () => ask(app, 'GET', '/v3/auth/catalog', { headers: { 'x-auth-token': token } })
  assert.equal((await catalog()).status, 200)
  const refused = await catalog()
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['retry-after'], '1')
  assert.deepEqual(refused.json.error, {
    code: 429,
    message: 'There are too many requests of this project. Try again later.',
    title: 'Too Many Requests',
  })
})

test('each request about an application credential counts once', async (t) => {
  const { callers } = gateOf({ projectRequestsPerMinute: 60, projectBurst: 4 })
  const { app, accounts } = await openHouse(t, { callers })
  const headers = { 'x-auth-token': await tokenOf(app, 'demo') }
  const path = `/v3/users/${accounts.demo.userId}/application_credentials`
  const body = { application_credential: { name: 'ci' } }
  const made = await ask(app, 'POST', path, { headers, body })
  const one = `${path}/${made.json.application_credential.id}`
  const others = [
    await ask(app, 'GET', path, { headers }),
    await ask(app, 'GET', one, { headers }),
    await ask(app, 'DELETE', one, { headers }),
    await ask(app, 'GET', path, { headers }),
  ]
  assert.deepEqual(
    [made, ...others].map(({ status }) => status),
    [201, 200, 200, 204, 429],
  )
})

test("Nova's own answers are returned as they are, but its callers' addresses count", async (t) => {
  const { callers } = gateOf({ addressRequestsPerMinute: 60, addressBurst: 1 })
  const elsewhere = {
    register: () => undefined,
    forward: (_request: unknown, reply: FastifyReply) => reply.code(429).send('of Nova'),
  }
  const stand = await startServer({ callers, elsewhere })
  t.after(() => stand.close())
  const servers = request('GET', '/v2.1/servers')
  const first = await one(stand.port, servers)
  assert.equal(first.body, 'of Nova')
  assert.ok(!first.headers.has('ratelimit'))
  const second = await one(stand.port, servers)
  assert.equal(second.status, 429)
  assert.deepEqual(second.headers.get('ratelimit'), ['"address";r=0;t=1'])
})
