import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import {
  type Behaviour,
  type Choose,
  drip,
  endsEarly,
  flood,
  garbage,
  hang,
  hangInBody,
  json,
  page,
  redirect,
  resetAtOnce,
  resetInBody,
  type SeenRequest,
  status,
  text,
} from '../upstream/fake-upstream.ts'
import { goodGlance, IMAGE_ID, row, type Stand, startStand, TOKEN, tokenDocument } from './stand.ts'

/** `upstream.answerTimeoutMs` of the stand, and what a busy machine takes besides. */
const DEADLINE_MS = 800 + 700
const BACK_MS = 1000
/** Most of these tests wait; they do so together. */
const WAITING_AT_ONCE = 4

interface Case {
  readonly what: string
  readonly does: Behaviour | Choose
  readonly status: number
  readonly fault: string
  readonly retryAfter?: string
  /** The least of what answers are taken, so that a flood is over it. */
  readonly answerBytesMax?: string
}

const LOOP: Choose = () => page([row(IMAGE_ID)], `/v2/images?marker=${IMAGE_ID}`)

const GLANCE_CASES: readonly Case[] = [
  {
    what: 'resets before the answer',
    does: resetAtOnce(),
    status: 503,
    fault: 'serviceUnavailable',
  },
  { what: 'resets in the body', does: resetInBody(), status: 503, fault: 'serviceUnavailable' },
  { what: 'ends early', does: endsEarly(), status: 503, fault: 'serviceUnavailable' },
  { what: 'hangs before the headers', does: hang(), status: 504, fault: 'gatewayTimeout' },
  { what: 'hangs after the headers', does: hangInBody(), status: 504, fault: 'gatewayTimeout' },
  {
    what: 'sends a byte now and then',
    does: drip('{"images": []}', 300),
    status: 504,
    fault: 'gatewayTimeout',
  },
  { what: 'sends broken JSON', does: text(200, '{"images": ['), status: 502, fault: 'badGateway' },
  { what: 'sends JSON that is no list', does: json(200, [1]), status: 502, fault: 'badGateway' },
  { what: 'sends no HTTP', does: garbage(), status: 502, fault: 'badGateway' },
  { what: 'loops', does: LOOP, status: 502, fault: 'badGateway' },
  {
    what: 'redirects',
    does: redirect('http://elsewhere.test/v2/images'),
    status: 502,
    fault: 'badGateway',
  },
  { what: 'offers choices (300)', does: status(300), status: 502, fault: 'badGateway' },
  { what: 'answers 403', does: status(403), status: 403, fault: 'forbidden' },
  { what: 'answers 404', does: status(404), status: 502, fault: 'badGateway' },
  { what: 'answers 409', does: status(409), status: 502, fault: 'badGateway' },
  { what: 'answers 413', does: status(413), status: 502, fault: 'badGateway' },
  {
    what: 'answers 429',
    does: status(429, { 'retry-after': '7' }),
    status: 429,
    fault: 'overLimit',
    retryAfter: '7',
  },
  { what: 'answers 500', does: status(500), status: 503, fault: 'serviceUnavailable' },
  {
    what: 'answers 503',
    does: status(503, { 'retry-after': '9' }),
    status: 503,
    fault: 'serviceUnavailable',
    retryAfter: '9',
  },
  {
    what: 'answers 1 GiB',
    does: flood(),
    status: 502,
    fault: 'badGateway',
    answerBytesMax: String(1024 * 1024),
  },
]

function checkFault(answer: Awaited<ReturnType<Stand['ask']>>, expected: Omit<Case, 'does'>): void {
  assert.equal(answer.status, expected.status, answer.text)
  assert.deepEqual(Object.keys(answer.json as object), [expected.fault])
  const [{ code, message }] = Object.values(answer.json as object)
  assert.equal(code, expected.status)
  assert.ok(message.length > 0 && !message.includes('127.0.0.1'), message)
  const retryAfter = answer.headers.get('retry-after')
  if (expected.retryAfter !== undefined) assert.equal(retryAfter, expected.retryAfter)
  else if (expected.status === 503) assert.match(String(retryAfter), /^[1-9]\d*$/)
  else assert.equal(retryAfter, null)
  assert.match(String(answer.headers.get('x-compute-request-id')), /^req-/)
  assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
  assert.ok(answer.durationMs < DEADLINE_MS, `${answer.durationMs} ms`)
}

/** The service is there again at once. */
async function checkBack({ ask }: Stand, path: string): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const { status } = await ask(path)
    if (status === 200) return
    assert.ok(performance.now() - startMs < BACK_MS, `still ${status}`)
  }
}

/** Nothing is under way any more at a service that was given up. */
async function checkNothingLeft({ glance, keystone }: Stand): Promise<void> {
  const untilMs = performance.now() + 1000
  while (glance.pending() + keystone.pending() > 0 && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.deepEqual([glance.pending(), keystone.pending()], [0, 0])
}

describe('Glance', { concurrency: WAITING_AT_ONCE }, () => {
  for (const expected of GLANCE_CASES) {
    it(`${expected.what}: ${expected.status} in time, and nothing is left behind`, async (t) => {
      const { answerBytesMax } = expected
      const flags =
        answerBytesMax === undefined ? {} : { 'upstream.answerBytesMax': answerBytesMax }
      await using stand = await startStand(t, { flags })
      assert.equal((await stand.ask('images/detail')).status, 200)
      const { glance } = stand
      glance.behave(expected.does)
      checkFault(await stand.ask('images/detail'), expected)
      await checkNothingLeft(stand)
      glance.behave(goodGlance)
      await checkBack(stand, 'images/detail')
    })
  }
})

test('Glance is not there: 503 for reads and writes, and back within a second', async (t) => {
  await using stand = await startStand(t)
  assert.equal((await stand.ask('images/detail')).status, 200)
  await stand.glance.stop()
  const expected = { what: '', status: 503, fault: 'serviceUnavailable' }
  checkFault(await stand.ask('images/detail'), expected)
  checkFault(await stand.ask(`images/${IMAGE_ID}`), expected)
  checkFault(await stand.ask(`images/${IMAGE_ID}`, { method: 'DELETE' }), expected)
  checkFault(await stand.ask('images/detail', { method: 'HEAD' }).then(withBody), expected)
  assert.equal((await stand.ask('images/detail?limit=x')).status, 400)
  assert.equal((await stand.ask('/v2.1/')).status, 200)
  await stand.glance.start()
  await checkBack(stand, 'images/detail')
})

/** HEAD says the same in its headers alone. */
function withBody<A extends Awaited<ReturnType<Stand['ask']>>>(answer: A): A {
  assert.equal(answer.text, '')
  return { ...answer, json: { serviceUnavailable: { code: answer.status, message: 'none' } } }
}

const KEYSTONE_CASES: readonly Case[] = [
  { what: 'resets', does: resetAtOnce(), status: 503, fault: 'serviceUnavailable' },
  { what: 'resets in the body', does: resetInBody(), status: 503, fault: 'serviceUnavailable' },
  { what: 'hangs', does: hang(), status: 504, fault: 'gatewayTimeout' },
  { what: 'hangs after the headers', does: hangInBody(), status: 504, fault: 'gatewayTimeout' },
  { what: 'sends broken JSON', does: text(200, '{"token":'), status: 502, fault: 'badGateway' },
  { what: 'sends no token', does: json(200, { token: 1 }), status: 502, fault: 'badGateway' },
  { what: 'redirects', does: redirect('http://elsewhere.test/'), status: 502, fault: 'badGateway' },
  { what: 'answers 500', does: status(500), status: 503, fault: 'serviceUnavailable' },
  {
    what: 'answers 503',
    does: status(503, { 'retry-after': '9' }),
    status: 503,
    fault: 'serviceUnavailable',
    retryAfter: '9',
  },
]

describe('Keystone', { concurrency: WAITING_AT_ONCE }, () => {
  for (const expected of KEYSTONE_CASES) {
    it(`${expected.what}: ${expected.status} for a token that is not known yet`, async (t) => {
      await using stand = await startStand(t)
      stand.keystone.behave(expected.does)
      checkFault(await stand.ask('images/detail'), expected)
      assert.equal(stand.glance.requests.length, 0)
      await checkNothingLeft(stand)
      stand.keystone.behave(() => json(200, tokenDocument()))
      await checkBack(stand, 'images/detail')
    })
  }
})

test('Keystone is not there: a known token goes on, another is a 503, none is a 401', async (t) => {
  await using stand = await startStand(t)
  assert.equal((await stand.ask('images/detail')).status, 200)
  await stand.keystone.stop()
  assert.equal((await stand.ask('images/detail')).status, 200)
  const other = await stand.ask('images/detail', { headers: { 'x-auth-token': 'another' } })
  checkFault(other, { what: '', status: 503, fault: 'serviceUnavailable' })
  assert.match(other.text, /The Keystone service is temporarily unavailable/)
  const none = await stand.ask('images/detail', { headers: { 'x-auth-token': '' } })
  assert.equal(none.status, 401)
  await stand.keystone.start()
  const back = await stand.ask('images/detail', { headers: { 'x-auth-token': 'another' } })
  assert.equal(back.status, 401)
})

test('one odd image of many is left out or mended and logged, and the list still answers', async (t) => {
  await using stand = await startStand(t)
  const id = (n: number) => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`
  const odd = [
    row(id(1)),
    { id: id(2) },
    row(id(3), { size: 'large', min_ram: null, tags: 7, created_at: 5 }),
    null,
    row('no id at all'),
    row(id(6), { name: null, owner: 4, min_disk: -1.5 }),
    row(id(7)),
  ]
  stand.glance.behave(() => page(odd))
  const answer = await stand.ask('images/detail')
  assert.equal(answer.status, 200, answer.text)
  const ids = (answer.json as { images: { id: string }[] }).images.map((image) => image.id)
  assert.ok(ids.includes(id(1)) && ids.includes(id(7)), String(ids))
  assert.ok(!ids.includes('no id at all'))
  assert.equal(stand.log.filter((line) => line.includes('not as they should be')).length, 1)
})

test('a failure after the 200 cuts the connection: the JSON is never closed', async (t) => {
  await using stand = await startStand(t)
  const rows = (from: number) =>
    Array.from({ length: 1000 }, (_, n) =>
      row(`00000000-0000-4000-8000-${String(from + n).padStart(12, '0')}`, {
        text: 'x'.repeat(2000),
      }),
    )
  // More than a short answer holds, so it has begun when the second page breaks.
  stand.glance.behave((request: SeenRequest) => {
    const marker = /marker=([0-9a-f-]+)/.exec(request.query)?.[1]
    const from = marker === undefined ? 0 : Number(marker.slice(-12)) + 1
    if (from >= 3000) return resetInBody()
    const last = `00000000-0000-4000-8000-${String(from + 999).padStart(12, '0')}`
    return page(rows(from), `/v2/images?marker=${last}`)
  })
  const url = `${stand.running.url}/v2.1/images/detail`
  const response = await fetch(url, { headers: { 'x-auth-token': TOKEN } })
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
  assert.ok(stand.log.some((line) => line.includes('a list was cut')))
})
