import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { after, hang, json, page, type SeenRequest, status } from '../upstream/fake-upstream.ts'
import { IMAGE_ID, PROJECT, row, type Stand, startStand, TOKEN, tokenDocument } from './stand.ts'

const LIST = 'images/detail?limit=5'

function lists({ glance }: Stand): number {
  return glance.requests.filter(({ path }) => path === '/v2/images').length
}

test('by default every list asks Glance, and none has an age', async (t) => {
  await using stand = await startStand(t)
  for (let i = 0; i < 3; i += 1) assert.equal((await stand.ask(LIST)).headers.get('age'), null)
  assert.equal(lists(stand), 3)
})

test('with cache.ttlMs a list is asked for once, and says its age', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.ttlMs': '60000' } })
  const first = await stand.ask(LIST)
  const second = await stand.ask(LIST)
  assert.equal(first.headers.get('age'), null)
  assert.equal(second.headers.get('age'), '0')
  assert.equal(second.headers.get('warning'), null)
  assert.equal(second.text, first.text)
  assert.equal(lists(stand), 1)
  await stand.ask('images/detail?limit=6')
  assert.equal(lists(stand), 2)
})

test('nothing is shared between projects, or between sets of roles', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.ttlMs': '60000' } })
  const documents: Readonly<Record<string, object>> = {
    a: tokenDocument(),
    b: tokenDocument({ roles: [{ name: 'reader' }] }),
    c: tokenDocument({ project: { id: 'abc' } }),
    d: tokenDocument({ user: { id: 'other' } }),
  }
  stand.keystone.behave(({ headers }: SeenRequest) =>
    json(200, documents[headers['x-subject-token'] ?? '']),
  )
  const askers: string[] = []
  for (const token of ['a', 'b', 'c', 'd', 'a']) {
    const { status } = await stand.ask('/v2.1/images', { headers: { 'x-auth-token': token } })
    assert.equal(status, 200)
  }
  for (const { path, headers } of stand.glance.requests) {
    if (path === '/v2/images') askers.push(String(headers['x-auth-token']))
  }
  assert.deepEqual(askers, ['a', 'b', 'c'])
})

test('a write of ours is seen at once', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.ttlMs': '60000' } })
  await stand.ask(LIST)
  assert.equal((await stand.ask(`images/${IMAGE_ID}`, { method: 'DELETE' })).status, 204)
  stand.glance.behave(() => page([]))
  assert.deepEqual((await stand.ask(LIST)).json, { images: [] })
})

test('while Glance is down the last good list is given with Age and Warning, and no other', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.staleIfErrorMs': '60000' } })
  const good = await stand.ask(LIST)
  await pause(1010)
  for (const down of [() => stand.glance.stop(), () => stand.glance.start()]) {
    await down()
    stand.glance.behave(status(503))
    const stale = await stand.ask(LIST)
    assert.equal(stale.status, 200)
    assert.equal(stale.text, good.text)
    assert.equal(stale.headers.get('warning'), '110 - "Response is Stale"')
    assert.ok(Number(stale.headers.get('age')) >= 1)
  }
  assert.equal((await stand.ask('images/detail?limit=6')).status, 503)
  assert.equal((await stand.ask(`images/${IMAGE_ID}`)).status, 503)
  stand.glance.behave(status(401))
  assert.equal((await stand.ask(LIST)).status, 401)
})

test('a list that is too old is no answer', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.staleIfErrorMs': '100' } })
  await stand.ask(LIST)
  await pause(150)
  await stand.glance.stop()
  assert.equal((await stand.ask(LIST)).status, 503)
})

for (const how of ['resets', 'ends'] as const) {
  test(`a caller whose connection ${how} is asked for no longer, in a list or of one image`, async (t) => {
    await using stand = await startStand(t, {
      flags: { 'upstream.answerTimeoutMs': '20000', 'upstream.firstByteTimeoutMs': '20000' },
    })
    await stand.ask('images')
    stand.glance.behave(hang())
    for (const path of ['images/detail', `images/${IMAGE_ID}`]) {
      const socket = begin(stand, path)
      while (stand.glance.pending() === 0) await pause(5)
      if (how === 'resets') socket.resetAndDestroy()
      else socket.end()
      const untilMs = performance.now() + 2000
      while (stand.glance.pending() > 0 && performance.now() < untilMs) await pause(5)
      assert.equal(stand.glance.pending(), 0)
    }
    // Nobody did anything wrong.
    assert.ok(!stand.log.some((line) => /"level":[4-6]0/.test(line)), String(stand.log))
  })
}

test('of two who wait for one list, one may go and the other is answered', async (t) => {
  await using stand = await startStand(t, { flags: { 'cache.ttlMs': '60000' } })
  await stand.ask('images')
  stand.glance.behave(() => after(200, page([row(IMAGE_ID)])))
  const leaving = begin(stand, LIST)
  while (lists(stand) === 1) await pause(5)
  const staying = stand.ask(LIST)
  await pause(50)
  leaving.resetAndDestroy()
  const answer = await staying
  assert.equal(answer.status, 200)
  assert.equal((answer.json as { images: unknown[] }).images.length, 1)
  assert.equal(lists(stand), 2)
})

test('a caller who only stops sending is answered, if that does not take too long', async (t) => {
  await using stand = await startStand(t)
  stand.glance.behave(() => after(200, page([row(IMAGE_ID)])))
  const socket = begin(stand, 'images/detail')
  socket.end()
  let text = ''
  for await (const piece of socket) text += piece
  assert.match(text, /^HTTP\/1\.1 200 /)
  assert.match(text, /\]\}$/)
})

function begin({ running }: Stand, path: string) {
  const { port } = new URL(running.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /v2.1/${PROJECT}/${path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${TOKEN}\r\n\r\n`)
  return socket
}
