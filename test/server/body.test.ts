import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BODY_BYTES_MAX } from '../../src/api/compute/face.ts'
import type { Answer } from './answers.ts'
import { assertFault, assertRefused } from './fault.ts'
import {
  IMAGE_ID,
  type MapCatalogue,
  mapCatalogue,
  PROJECT,
  request,
  type Stand,
  startServer,
} from './stand.ts'
import { say } from './wire.ts'

let stand: Stand
let catalogue: MapCatalogue

before(async () => {
  catalogue = mapCatalogue()
  stand = await startServer({ catalogue })
})
after(() => stand.close())

const METADATA = `/v2.1/${PROJECT}/images/${IMAGE_ID}/metadata`
const CHUNKED = { 'Transfer-Encoding': 'chunked' }

async function send(method: string, target: string, body: Buffer | string): Promise<Answer> {
  const text = typeof body === 'string' ? body : body.toString('latin1')
  const { answers } = await say(stand.port, request(method, target, {}, text), { until: 1 })
  assert.ok(answers[0] !== undefined)
  return answers[0]
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

test('a body over the limit is refused by its Content-Length, before any of it comes', async () => {
  const head = request('PUT', METADATA, { 'Content-Length': String(BODY_BYTES_MAX + 1) })
  assertRefused(await say(stand.port, head), 413)
})

test('a body over the limit is refused before the token is looked at', async () => {
  const headers = { 'Content-Length': String(BODY_BYTES_MAX + 1), 'X-Auth-Token': undefined }
  assertRefused(await say(stand.port, request('PUT', METADATA, headers)), 413)
})

test('the 413 reaches a caller who sends all of the body all the same', async () => {
  for (let i = 0; i < 20; i += 1) {
    const body = 'x'.repeat(1_000_000)
    assertRefused(await say(stand.port, request('PUT', METADATA, {}, body)), 413)
  }
})

test('a request behind a refused body is not carried out', async () => {
  const head = request('PUT', METADATA, { 'Content-Length': String(BODY_BYTES_MAX + 1) })
  const next = request('DELETE', `/v2.1/${PROJECT}/images/${IMAGE_ID}`)
  const body = 'x'.repeat(BODY_BYTES_MAX + 1)
  for (const bytes of [[head + body + next], [head, body, next, 30], [head, 30, body, next, 30]]) {
    assertRefused(await say(stand.port, bytes), 413)
    assert.ok(catalogue.images.has(IMAGE_ID))
  }
})

test('a body over the limit in chunks is refused when it passes the limit', async () => {
  const body = chunk('x'.repeat(60_000))
  assertRefused(await say(stand.port, request('PUT', METADATA, CHUNKED) + body + body), 413)
})

test('a body of exactly the limit is read, in one piece and in chunks', async () => {
  const body = `${' '.repeat(BODY_BYTES_MAX - 15)}{"metadata":{}}`
  assert.equal((await send('POST', METADATA, body)).status, 200)
  const pieces = [chunk(body.slice(0, 9)), chunk(body.slice(9)), chunk('')]
  const { answers } = await say(stand.port, [request('POST', METADATA, CHUNKED), ...pieces], {
    until: 1,
  })
  assert.equal(answers[0]?.status, 200)
})

test('Expect: 100-continue gets a 413 and no 100 for a body over the limit', async () => {
  const headers = { 'Content-Length': String(BODY_BYTES_MAX + 1), Expect: '100-continue' }
  const heard = await say(stand.port, request('PUT', METADATA, headers))
  assertRefused(heard, 413)
  assert.equal(heard.continues, 0)
})

test('Expect: 100-continue gets one 100 and then the answer', async () => {
  const headers = { 'Content-Length': '15', Expect: '100-continue' }
  const bytes = [request('POST', METADATA, headers), 30, '{"metadata":{}}']
  const { answers, continues } = await say(stand.port, bytes, { until: 1 })
  assert.equal(continues, 1)
  assert.equal(answers[0]?.status, 200)
})

test('nothing is carried out behind a request whose 100 could not be sent, since its answer is the last', async () => {
  const bytes =
    request('GET', METADATA) +
    request('GET', METADATA, { Expect: '100-continue' }) +
    request('DELETE', METADATA.replace('/metadata', ''))
  const { answers } = await say(stand.port, bytes)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.ok(catalogue.images.has(IMAGE_ID))
})

test('a 100 never stands in the middle of an answer that waits its turn', async () => {
  const headers = { Expect: '100-continue', 'X-Auth-Token': undefined }
  const bytes = request('GET', METADATA) + request('POST', METADATA, headers, '{"metadata":{}}')
  const { answers } = await say(stand.port, bytes, { until: 2 })
  assert.equal(answers[1]?.status, 401)
  assert.ok(answers[1].body.startsWith('{"error":'), answers[1].body)
})

test('other expectations are ignored', async () => {
  for (const expect of ['soup', '', '100-continue, soup', '200-ok']) {
    const bytes = request('POST', METADATA, { Expect: expect }, '{"metadata":{}}')
    const { answers } = await say(stand.port, bytes, { until: 1 })
    assert.equal(answers[0]?.status, 200, expect)
  }
})

const LONE = '\\ud800'
const BAD_BODIES: Readonly<Record<string, string | Buffer>> = {
  'no JSON': 'nonsense',
  'an empty object': '{}',
  'half of an object': '{"metadata":',
  'two objects': '{"metadata":{}}{"metadata":{}}',
  'a comment': '{"metadata":{}}//',
  'a trailing comma': '{"metadata":{"a":"b",}}',
  'single quotes': "{'metadata':{}}",
  NaN: '{"metadata":{"a":NaN}}',
  'a number as value': '{"metadata":{"a":1}}',
  'a huge number as value': `{"metadata":{"a":${'9'.repeat(100_000)}}}`,
  'a number beyond a float': '{"metadata":{"a":1e999999}}',
  '100,000 open brackets': '['.repeat(100_000),
  '50,000 nested lists': '['.repeat(50_000) + ']'.repeat(50_000),
  '19,000 nested objects': `${'{"a":'.repeat(19_000)}1${'}'.repeat(19_000)}`,
  'nested lists as metadata': `{"metadata":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  'nested lists as a value': `{"metadata":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
  'nested lists beside metadata': `{"metadata":{},"z":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  '10,000 keys beside metadata': `{"metadata":{}${Array.from({ length: 10_000 }, (_, i) => `,"k${i}":1`).join('')}}`,
  '__proto__ as the top key': '{"__proto__":{"metadata":{"a":"b"}}}',
  'constructor as the top key': '{"constructor":{"metadata":{"a":"b"}}}',
  '__proto__ that is an object': '{"metadata":{"__proto__":{"a":"b"}}}',
  'a lone surrogate as value': `{"metadata":{"a":"${LONE}"}}`,
  'a lone surrogate as key': `{"metadata":{"${LONE}":"a"}}`,
  'a NUL in a key': '{"metadata":{"a\\u0000":"b"}}',
  'a raw control character': '{"metadata":{"a":"\x01"}}',
  'bad UTF-8': Buffer.from('7b226d65746164617461223a7b2261223a22ff227d7d', 'hex'),
  'UTF-8 of a surrogate': Buffer.from('7b226d65746164617461223a7b2261223a22eda080227d7d', 'hex'),
  'an overlong slash': Buffer.from('7b226d65746164617461223a7b2261223a22c0af227d7d', 'hex'),
  'UTF-16': Buffer.from('\ufeff{"metadata":{}}', 'utf16le'),
  'UTF-16 without its mark': Buffer.from('{"metadata":{}}', 'utf16le'),
  'a value of 256 characters': `{"metadata":{"a":"${'x'.repeat(256)}"}}`,
  'a key of 256 characters': `{"metadata":{"${'x'.repeat(256)}":"a"}}`,
  'bytes of all kinds': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
}

for (const [what, body] of Object.entries(BAD_BODIES)) {
  test(`a body with ${what} is a 400 in shape and changes nothing`, async () => {
    const properties = catalogue.images.get(IMAGE_ID)?.properties
    for (const method of ['POST', 'PUT']) {
      const message = assertFault(await send(method, METADATA, body), 400)
      assert.ok(message.length < 3000, `a message of ${message.length} characters`)
      assert.ok(message.isWellFormed())
    }
    assert.equal(catalogue.images.get(IMAGE_ID)?.properties, properties)
  })
}

test('a byte order mark before JSON is skipped', async () => {
  assert.equal((await send('POST', METADATA, Buffer.from('\ufeff{"metadata":{}}'))).status, 200)
})

test('of duplicate keys the last wins', async () => {
  const body = '{"metadata":{"a":1},"metadata":{"twice":"1","twice":"2"}}'
  assert.equal((await send('POST', METADATA, body)).status, 200)
  assert.equal(catalogue.images.get(IMAGE_ID)?.properties.get('twice'), '2')
})

test('metadata named as what every object has goes in and comes out', async () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const item = await send('PUT', `${METADATA}/${key}`, `{"meta":{"${key}":"odd"}}`)
    assert.equal(item.body, `{"meta":{"${key}":"odd"}}`)
    assert.equal((await send('GET', `${METADATA}/${key}`, '')).body, item.body)
    assert.match((await send('GET', METADATA, '')).body, new RegExp(`"${key}":"odd"`))
    const whole = await send('PUT', METADATA, `{"metadata":{"${key}":"even"}}`)
    assert.equal(whole.body, `{"metadata":{"${key}":"even"}}`)
    assert.equal((await send('GET', METADATA, '')).body, whole.body)
    assert.equal((await send('DELETE', `${METADATA}/${key}`, '')).status, 204)
    assertFault(await send('GET', `${METADATA}/${key}`, ''), 404)
  }
  assert.equal(({} as Record<string, unknown>)['odd'], undefined)
})

test('values of every plane of Unicode, NUL too, go in and come out', async () => {
  const value = 'é \u0000 \u2028 漢 😀 \uffff \u{10ffff}'
  const body = Buffer.from(JSON.stringify({ meta: { plane: value } }))
  assert.equal((await send('PUT', `${METADATA}/plane`, body)).status, 200)
  const { body: shown } = await send('GET', `${METADATA}/plane`, '')
  assert.deepEqual(JSON.parse(shown), { meta: { plane: value } })
})

test('a body where none is wanted is read past', async () => {
  const list = `/v2.1/${PROJECT}/images`
  const bytes = request('GET', list, {}, 'abc') + request('GET', list)
  const { answers } = await say(stand.port, bytes, { until: 2 })
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200],
  )
})
