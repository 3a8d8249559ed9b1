import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { FastifyReply } from 'fastify'
import type { Elsewhere } from '../../src/api/compute/elsewhere.ts'
import { trustedProxyList } from '../../src/api/request/base-url.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { CallerGate } from '../../src/server/caller-gate.ts'
import { RequestGate } from '../../src/server/request-gate.ts'
import { ask as askIdentity, openHouse } from '../api/identity/fixtures.ts'
import { makeQueued, openDataStand, until } from '../api/image/data-stand.ts'
import { HandClock } from '../limits/hand-clock.ts'
import { limitsConfig } from '../limits/settings.ts'
import { assertFault } from './fault.ts'
import { generatedCatalogue, type Tap } from './million.ts'
import {
  IMAGE_ID,
  LIST,
  makeImage,
  mapCatalogue,
  PROJECT,
  request,
  startServer,
  TOKEN,
  users,
} from './stand.ts'
import { openUnread, say } from './wire.ts'

const IMAGE = `/v2.1/${PROJECT}/images/${IMAGE_ID}`
const SHOW = request('GET', IMAGE)
const PROBES = ['/healthcheck', '/readiness']
const QUEUE_TIMEOUT_MS = 5000

function gateOf(t: TestContext, requestsInFlight: number, queuedRequests: number) {
  const clock = new HandClock()
  const limits = limitsConfig({
    requestsInFlight,
    queuedRequests,
    queueTimeoutMs: QUEUE_TIMEOUT_MS,
  })
  const callers = new CallerGate(limits, trustedProxyList([]))
  const gate = new RequestGate(limits, (request) => callers.turnOf(request), clock.schedule)
  t.after(() => assert.deepEqual([gate.slots.inFlight, gate.slots.waiting], [0, 0]))
  return { gate, clock, callers }
}

/** A catalogue that shows an image when it is told to. */
function heldCatalogue() {
  const goOn = Promise.withResolvers<void>()
  let asked = 0
  const get = async () => {
    asked += 1
    await goOn.promise
    return makeImage()
  }
  const catalogue = { ...mapCatalogue(), get }
  return { catalogue, goOn: goOn.resolve, asked: () => asked }
}

/** A server whose `requestsInFlight` slots are all taken by requests to show an image. */
async function busyServer(t: TestContext, requestsInFlight: number, queuedRequests: number) {
  const { gate, clock } = gateOf(t, requestsInFlight, queuedRequests)
  const held = heldCatalogue()
  const stand = await startServer({ catalogue: held.catalogue, gate })
  t.after(() => stand.close())
  const show = () => say(stand.port, SHOW, { until: 1 })
  const first = Array.from({ length: requestsInFlight }, show)
  await until(() => held.asked() === requestsInFlight)
  return { ...held, gate, clock, port: stand.port, show, first }
}

test('a request beyond the slots and the queue is an early 503 in shape; those before it are answered', async (t) => {
  const { gate, show, first, port, goOn, asked } = await busyServer(t, 2, 1)
  const queued = show()
  await until(() => gate.slots.waiting === 1)
  const { answers } = await show()
  assert.match(assertFault(answers[0], 503), /busy/)
  assert.deepEqual(answers[0]?.headers.get('retry-after'), ['1'])
  assert.equal(asked(), 2, 'neither the queued nor the refused one was begun')
  for (const probe of PROBES) {
    const health = await say(port, request('GET', probe), { until: 1 })
    assert.equal(health.answers[0]?.status, 200, `${probe} is no request of a caller`)
  }
  goOn()
  for (const heard of await Promise.all([...first, queued])) {
    assert.equal(heard.answers[0]?.status, 200)
  }
})

test('a request that waits too long is a 503, and is not carried out later', async (t) => {
  const { gate, clock, show, first, goOn, asked } = await busyServer(t, 1, 5)
  const queued = show()
  await until(() => gate.slots.waiting === 1)
  clock.advance(QUEUE_TIMEOUT_MS)
  assertFault((await queued).answers[0], 503)
  goOn()
  await Promise.all(first)
  assert.equal(asked(), 1)
})

test("a flood of one project does not keep another project's requests out", async (t) => {
  const { gate, callers } = gateOf(t, 1, 3)
  const { catalogue, goOn } = heldCatalogue()
  const projects: string[] = []
  const identity: Identity = {
    authenticate: async (token) => {
      const caller = await users.authenticate(TOKEN)
      projects.push(token)
      return caller && { ...caller, projectId: token }
    },
  }
  const stand = await startServer({ catalogue, gate, callers, users: identity })
  t.after(() => stand.close())
  const ask = (token: string, path: string) =>
    say(stand.port, request('GET', path, { 'X-Auth-Token': token }), { until: 1 })
  const show = (token: string) => ask(token, `/v2.1/images/${IMAGE_ID}`)
  for (const token of ['noisy', 'quiet']) await ask(token, '/v2.1/images') // now they are known
  projects.length = 0

  const first = show('noisy')
  await until(() => projects.length === 1)
  const flood = Array.from({ length: 30 }, () => show('noisy'))
  await until(() => gate.slots.waiting === 3)
  const refused = await Promise.race(flood)
  assertFault(refused.answers[0], 503)
  const quiet = show('quiet')
  await until(() => gate.slots.waitingOf('project quiet') === 1)
  goOn()
  assert.equal((await quiet).answers[0]?.status, 200)
  assert.equal((await first).answers[0]?.status, 200)
  const statuses = (await Promise.all(flood)).map(({ answers }) => answers[0]?.status)
  assert.equal(statuses.filter((status) => status === 200).length, 2)
  assert.deepEqual(projects, ['noisy', 'noisy', 'quiet', 'noisy'])
})

test('a caller who leaves the queue gives the place to others', async (t) => {
  const { gate, port, show, first, goOn, asked } = await busyServer(t, 1, 1)
  const socket = await openUnread(port, SHOW)
  await until(() => gate.slots.waiting === 1)
  socket.resetAndDestroy()
  await until(() => gate.slots.waiting === 0)
  const queued = show()
  await until(() => gate.slots.waiting === 1)
  goOn()
  await Promise.all([...first, queued])
  assert.equal(asked(), 2)
})

test('a caller who leaves during the work gives the slot back', async (t) => {
  const { gate } = gateOf(t, 1, 0)
  const { catalogue, asked } = heldCatalogue()
  const stand = await startServer({ catalogue, gate })
  t.after(() => stand.close())
  const socket = await openUnread(stand.port, SHOW)
  await until(() => asked() === 1)
  socket.resetAndDestroy()
  await until(() => gate.slots.inFlight === 0)
})

test('a long list that nobody reads holds no slot', async (t) => {
  const { gate } = gateOf(t, 1, 0)
  const tap: Tap = { made: 0, begun: 0, ended: 0 }
  const stand = await startServer({ catalogue: generatedCatalogue(100_000, tap), gate })
  t.after(() => stand.close())
  const socket = await openUnread(stand.port, request('GET', LIST))
  t.after(() => socket.destroy())
  await until(() => tap.made > 0 && gate.slots.inFlight === 0)
  assert.equal(tap.ended, 0, 'the list is not through')
  const other = await say(stand.port, request('GET', `${LIST}?limit=1`), { until: 1 })
  assert.equal(other.answers[0]?.status, 200)
})

test('a body that comes slowly holds no slot, and its request is carried out when it is there', async (t) => {
  const { gate } = gateOf(t, 1, 0)
  const stand = await startServer({ gate })
  t.after(() => stand.close())
  const body = '{"metadata":{"color":"blue"}}'
  const headers = { 'Content-Length': String(body.length) }
  const socket = await openUnread(stand.port, request('POST', `${IMAGE}/metadata`, headers))
  t.after(() => socket.destroy())
  socket.write(body.slice(0, 5))
  for (let i = 0; i < 3; i += 1) {
    const other = await say(stand.port, SHOW, { until: 1 })
    assert.equal(other.answers[0]?.status, 200)
  }
  socket.resume()
  const answered = new Promise((resolve) => socket.once('data', resolve))
  socket.write(body.slice(5))
  assert.match(String(await answered), /^HTTP\/1\.1 200 .*"color":"blue"/s)
})

test('an upload that comes slowly holds no slot', async (t) => {
  const { gate } = gateOf(t, 1, 0)
  const stand = await openDataStand({}, {}, { gate })
  t.after(() => stand.close())
  const id = await makeQueued(stand)
  const headers = { 'Content-Type': 'application/octet-stream', 'X-Auth-Token': 'member' }
  const upload = { ...headers, 'Content-Length': '10' }
  const socket = await openUnread(stand.port, request('PUT', `/v2/images/${id}/file`, upload))
  t.after(() => socket.destroy())
  socket.write('12345')
  await until(async () => (await stand.image(id)).status === 'saving' && gate.slots.inFlight === 0)
  const shown = await say(stand.port, request('GET', `/v2/images/${id}`, headers), { until: 1 })
  assert.equal(shown.answers[0]?.status, 200)
  socket.write('67890')
  await until(async () => (await stand.image(id)).status === 'active')
})

test('a request that is passed on holds no slot', async (t) => {
  const { gate } = gateOf(t, 1, 0)
  const replies: FastifyReply[] = []
  const elsewhere: Elsewhere = {
    register: () => undefined,
    forward: (_request, reply) => {
      replies.push(reply)
      return reply
    },
  }
  const stand = await startServer({ gate, elsewhere })
  t.after(() => stand.close())
  const servers = say(stand.port, request('GET', `/v2.1/${PROJECT}/servers`), { until: 1 })
  await until(() => replies.length === 1)
  const shown = await say(stand.port, SHOW, { until: 1 })
  assert.equal(shown.answers[0]?.status, 200)
  replies[0]?.send('of Nova')
  assert.equal((await servers).answers[0]?.body, 'of Nova')
})

test('the slots are those of all faces together; each refuses in the shape of its API', async (t) => {
  const { gate, first, goOn } = await busyServer(t, 1, 0)
  const image = await openDataStand({}, {}, { gate })
  t.after(() => image.close())
  const { app } = await openHouse(t, { gate })
  const text = await say(image.port, request('GET', '/v2/images'), { until: 1 })
  assert.equal(text.answers[0]?.status, 503)
  assert.deepEqual(text.answers[0].headers.get('content-type'), ['text/plain; charset=UTF-8'])
  assert.match(text.answers[0].body, /^503 Service Unavailable\n\nThe server is busy/)
  const json = request('GET', '/v2/images', { Accept: 'application/json' })
  const { answers } = await say(image.port, json, { until: 1 })
  assert.equal(JSON.parse(answers[0]?.body ?? '').code, '503 Service Unavailable')
  assert.deepEqual(answers[0]?.headers.get('retry-after'), ['1'])
  const signIn = await askIdentity(app, 'POST', '/v3/auth/tokens', { body: { auth: {} } })
  assert.equal(signIn.status, 503)
  assert.equal(signIn.headers['retry-after'], '1')
  assert.deepEqual(signIn.json.error.code, 503)
  goOn()
  await Promise.all(first)
})
