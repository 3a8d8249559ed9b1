import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Answer } from './answers.ts'
import { assertFault, assertRequestId } from './fault.ts'
import { IMAGE_ID, LIST, PROJECT, request, type Stand, startServer } from './stand.ts'
import { say } from './wire.ts'

let stand: Stand

before(async () => {
  stand = await startServer()
})
after(() => stand.close())

async function ask(method: string, target: string): Promise<Answer> {
  const options = { until: 1, isHead: method === 'HEAD' }
  const { answers } = await say(stand.port, request(method, target), options)
  assert.ok(answers[0] !== undefined, 'no answer')
  return answers[0]
}

const P = `/v2.1/${PROJECT}`
const SAME_AS_LIST = [
  `//v2.1/${PROJECT}/images/detail`,
  `/v2.1//${PROJECT}///images//detail`,
  `/v2.1/./${PROJECT}/./images/./detail`,
  `/v2/../v2.1/${PROJECT}/images/x/../detail`,
  `/../../v2.1/${PROJECT}/images/detail`,
  `/v2.1/${PROJECT}/images/%64etail`,
  `/v2%2E1/${PROJECT}%2Fimages%2fdetail`,
  `${LIST}#fragment`,
  `${LIST}#fragment?limit=x`,
  `${LIST}?`,
  `${LIST}?&&;;&`,
  `${LIST}?=`,
  `${LIST}?=x`,
  `http://cloud.test${LIST}`,
  `HTTP://cloud.test${LIST}`,
]

for (const target of SAME_AS_LIST) {
  test(`${target} is the list`, async () => {
    const expected = await ask('GET', LIST)
    assert.equal(expected.status, 200)
    const answer = await ask('GET', target)
    assert.equal(answer.status, 200, answer.body)
    assert.equal(answer.body, expected.body)
    assertRequestId(answer)
  })
}

const BAD_PATHS = ['%', '%z', '%zz', '%2', '%%41', '%ff', '%c0%af', '%ed%a0%80', '%f4%90%80%80']

for (const part of BAD_PATHS) {
  test(`${part} in a path is a 400 in shape, wherever it stands`, async () => {
    for (const target of [
      `/${part}`,
      `/v2.1/${part}`,
      `/v2.1/${part}/images`,
      `${P}/images/${part}`,
      `${P}/images/${IMAGE_ID}/metadata/${part}`,
      `${LIST}${part}`,
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE', 'TRACE']) {
        assertFault(await ask(method, target), 400)
      }
    }
  })
}

test('a percent sign without two digits in a query is itself', async () => {
  for (const part of ['%', '%z', '%zz', '100%', '%%']) {
    assert.equal((await ask('GET', `${LIST}?name=${part}`)).body, '{"images":[]}', part)
    assert.equal((await ask('GET', `${LIST}?${part}`)).status, 200, part)
  }
})

test('bad UTF-8 in a query is a 400 in shape, used or not', async () => {
  for (const part of ['%ff', '%c0%af', '%ed%a0%80', '%f4%90%80%80', 'a%80']) {
    for (const query of [`name=${part}`, `${part}=x`, `nobody-asked=${part}`, `limit=1&${part}`]) {
      assertFault(await ask('GET', `${LIST}?${query}`), 400)
    }
  }
})

const IDS = [
  'x'.repeat(300),
  'x'.repeat(60_000),
  'é'.repeat(300),
  '%00',
  `${IMAGE_ID}%00`,
  `${IMAGE_ID}%0a`,
  `${IMAGE_ID}.json`,
  IMAGE_ID.toUpperCase(),
  '...',
  '-1',
  '__proto__',
  'constructor',
  '%F0%9F%98%80',
  '%22%27;--',
  '<script>',
  '*',
  ':id',
]

for (const id of IDS) {
  test(`no image has the id ${decodeURI(id).slice(0, 40)}`, async () => {
    const target = `${P}/images/${encodeURI(decodeURI(id)).replaceAll('%25', '%')}`
    assertFault(await ask('GET', target), 404)
    assertFault(await ask('DELETE', target), 404)
    assertFault(await ask('GET', `${target}/metadata`), 404)
    assertFault(await ask('GET', `${target}/metadata/color`), 404)
    assertFault(await ask('GET', `${P}/images?marker=${target.split('/').at(-1)}`), 400)
  })
}

test('a path that ends in dots never reaches the image above it', async () => {
  const image = `${P}/images/${IMAGE_ID}`
  for (const path of [
    `${image}/.`,
    `${image}/x/..`,
    `${image}/metadata/..`,
    `${image}/metadata/x/../..`,
  ]) {
    assert.notEqual((await ask('DELETE', path)).status, 204, path)
    assert.equal((await ask('GET', image)).status, 200, path)
  }
})

test('OPTIONS * is 200, empty, with Allow, and needs no token', async () => {
  const sent = 'OPTIONS * HTTP/1.1\r\nHost: cloud.test\r\n\r\n'
  const { answers } = await say(stand.port, sent, { until: 1 })
  const [answer] = answers
  assert.ok(answer !== undefined)
  assert.equal(answer.status, 200)
  assert.equal(answer.body, '')
  assert.equal(answer.headers.get('allow')?.length, 1)
  assertRequestId(answer)
})

test('the host of an absolute target beats Host in links', async () => {
  const { body } = await ask('GET', `http://other.test:81${P}/images`)
  assert.match(body, /"href":"http:\/\/other\.test:81\/v2\.1\//)
})

const BAD_ABSOLUTE = [
  'http://user:pass@cloud.test',
  'http://cloud.test:port',
  'http://cloud.test:99999',
  'http://[::1',
  'http://999.0.0.1',
  'http://',
  'http:///',
]

for (const origin of BAD_ABSOLUTE) {
  test(`an absolute target at ${origin} is a 400 in shape`, async () => {
    assertFault(await ask('GET', `${origin}${P}/images`), 400)
  })
}

test('methods that HTTP knows and Compute does not are 405 with Allow', async () => {
  for (const method of ['PATCH', 'TRACE', 'PROPFIND', 'LOCK', 'SEARCH', 'QUERY', 'PURGE', 'LINK']) {
    const answer = await ask(method, LIST)
    assertFault(answer, 405)
    assert.deepEqual(answer.headers.get('allow'), ['GET, HEAD, OPTIONS'], method)
  }
})

test('HEAD has the headers of GET and no body, for faults too', async () => {
  for (const [target, status] of [
    [LIST, 200],
    [`${P}/images/${'x'.repeat(300)}`, 404],
    [`${LIST}?limit=x`, 400],
    ['/%zz', 400],
  ] as const) {
    const bytes = request('HEAD', target) + request('HEAD', '/')
    const { answers } = await say(stand.port, bytes, { until: 2, isHead: true })
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [status, 200],
    )
    for (const answer of answers) assertRequestId(answer)
    const length = Buffer.byteLength((await ask('GET', target)).body)
    assert.deepEqual(answers[0]?.headers.get('content-length'), [String(length)])
  }
})

test('500 requests in one go are answered in order', async () => {
  const sent = Array.from({ length: 500 }, (_, i) => request('GET', `${P}/images/no-${i}`))
  const { answers } = await say(stand.port, sent.join(''), { until: 500 })
  assert.equal(answers.length, 500)
  for (const answer of answers) assertFault(answer, 404)
  const ids = new Set(answers.map((answer) => answer.headers.get('x-openstack-request-id')?.[0]))
  assert.equal(ids.size, 500)
})
