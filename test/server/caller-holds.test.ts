import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { trustedProxyList } from '../../src/api/request/base-url.ts'
import type { LimitsConfig } from '../../src/config/config.ts'
import type { Caller, Identity } from '../../src/identity/identity.ts'
import { CallerGate } from '../../src/server/caller-gate.ts'
import { makeQueued, openDataStand, until } from '../api/image/data-stand.ts'
import { OTHER_PROJECT } from '../api/image/serve.ts'
import { limitsConfig } from '../limits/settings.ts'
import type { Answer } from './answers.ts'
import { generatedCatalogue, type Tap } from './million.ts'
import { request, startServer } from './stand.ts'
import { say } from './wire.ts'

/** More than a caller gets without reading, so that the list is never through. */
const MANY = 200_000
const LIST = '/v2.1/images/detail'
const PROXY = '127.0.0.1'

/** A token is a user and a project. */
const users: Identity = {
  authenticate: async (token): Promise<Caller> => {
    const [userId = '', projectId = ''] = token.split('@')
    const roles = ['member']
    const expiresAtMs = Number.POSITIVE_INFINITY
    return { userId, projectId, roles, isAdmin: false, mayWrite: true, expiresAtMs }
  },
}

function gateOf(limits: Partial<LimitsConfig>): CallerGate {
  return new CallerGate(limitsConfig(limits), trustedProxyList([PROXY]))
}

async function listStand(t: TestContext, limits: Partial<LimitsConfig>, identity = users) {
  const tap: Tap = { made: 0, begun: 0, ended: 0 }
  const stand = await startServer({
    catalogue: generatedCatalogue(MANY, tap),
    callers: gateOf(limits),
    users: identity,
  })
  t.after(() => stand.close())
  return { port: stand.port, tap }
}

/** The status of an answer that is not read further; the connection stays open. */
async function begin(t: TestContext, port: number, bytes: string) {
  const socket = await new Promise<Socket>((resolve) => {
    const opened = connect(port, '127.0.0.1', () => resolve(opened))
  })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  socket.write(bytes)
  const text = await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  return { socket, status: Number(String(text).slice(9, 12)) }
}

async function one(port: number, bytes: string): Promise<Answer> {
  const { answers } = await say(port, bytes, { until: 1 })
  const [answer] = answers
  assert.ok(answer !== undefined)
  return answer
}

function list(token: string, query = '', headers: Readonly<Record<string, string>> = {}): string {
  return request('GET', `${LIST}${query}`, { 'X-Auth-Token': token, ...headers })
}

test('a caller has some long lists at once; one more is a 429, until one of them ends', async (t) => {
  const { port, tap } = await listStand(t, { listsPerCaller: 2 })
  const first = await begin(t, port, list('ann@p'))
  const second = await begin(t, port, list('ann@p', '?status=ACTIVE'))
  assert.deepEqual([first.status, second.status], [200, 200])
  const refused = await one(port, list('ann@p'))
  assert.equal(refused.status, 429)
  assert.deepEqual(refused.headers.get('retry-after'), ['5'])
  const message = 'There are too many long lists of this caller at once. Try again later.'
  assert.deepEqual(JSON.parse(refused.body), {
    overLimit: { code: 429, message, retryAfter: '5' },
  })
  assert.deepEqual([tap.begun, tap.ended], [3, 1], 'nothing is read for the refused one any more')
  first.socket.resetAndDestroy()
  await until(() => tap.ended === 2)
  assert.equal((await begin(t, port, list('ann@p'))).status, 200)
})

test('short lists and other callers are answered all the same', async (t) => {
  const { port } = await listStand(t, { listsPerCaller: 1 })
  assert.equal((await begin(t, port, list('ann@p'))).status, 200)
  assert.equal((await one(port, list('ann@p'))).status, 429)
  assert.equal((await one(port, list('ann@p', '?limit=10'))).status, 200)
  assert.equal((await begin(t, port, list('bob@p'))).status, 200)
  assert.equal((await begin(t, port, list('ann@q'))).status, 200)
})

test('with 0 a caller has any number of long lists', async (t) => {
  const { port } = await listStand(t, { listsPerCaller: 0 })
  for (let i = 0; i < 5; i += 1) assert.equal((await begin(t, port, list('ann@p'))).status, 200)
})

test('where nobody checks tokens, an address is the caller', async (t) => {
  const unchecked: Identity = {
    authenticate: async (token) => {
      const caller = await users.authenticate(token)
      return caller && { ...caller, userId: '', projectId: null, isUnchecked: true }
    },
  }
  const { port } = await listStand(t, { listsPerCaller: 1 }, unchecked)
  const from = (address: string, token: string) => list(token, '', { 'X-Forwarded-For': address })
  assert.equal((await begin(t, port, from('203.0.113.1', 'one'))).status, 200)
  assert.equal((await one(port, from('203.0.113.1', 'two'))).status, 429)
  assert.equal((await begin(t, port, from('203.0.113.2', 'one'))).status, 200)
})

test('a caller has some uploads at once; one more is a 429, until one of them ends', async (t) => {
  const stand = await openDataStand({}, {}, { callers: gateOf({ uploadsPerCaller: 1 }) })
  t.after(() => stand.close())
  const upload = (id: string, token: string, body: string, length = body.length) => {
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': `${length}` }
    const bytes = request('PUT', `/v2/images/${id}/file`, { ...headers, 'X-Auth-Token': token })
    return bytes + body
  }
  const [slow, next] = [await makeQueued(stand), await makeQueued(stand)]
  const strangers = await makeQueued(stand, { owner: OTHER_PROJECT })
  const socket = connect(stand.port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write(upload(slow, 'member', '12345', 10))
  await until(async () => (await stand.image(slow)).status === 'saving')

  const refused = await one(stand.port, upload(next, 'member', 'data'))
  assert.equal(refused.status, 429)
  assert.match(refused.body, /^429 Too Many Requests\n\nThere are too many uploads of this caller/)
  assert.deepEqual(refused.headers.get('retry-after'), ['5'])
  assert.equal((await stand.image(next)).status, 'queued')
  assert.equal((await one(stand.port, upload(strangers, 'stranger', 'data'))).status, 204)

  socket.write('67890')
  await until(async () => (await stand.image(slow)).status === 'active')
  await until(async () => (await one(stand.port, upload(next, 'member', 'data'))).status === 204)
})
