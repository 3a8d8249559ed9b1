import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Answer } from './answers.ts'
import { assertFault, assertRequestId } from './fault.ts'
import { LIST, request, type Stand, startServer, TOKEN } from './stand.ts'
import { say } from './wire.ts'

let stand: Stand

before(async () => {
  stand = await startServer()
})
after(() => stand.close())

/** @param lines headers, each with its line end. */
async function ask(lines: string, target = LIST): Promise<Answer> {
  const { answers } = await say(stand.port, `GET ${target} HTTP/1.1\r\n${lines}\r\n`, { until: 1 })
  assert.ok(answers[0] !== undefined, 'no answer')
  return answers[0]
}

const HOST = 'Host: cloud.test\r\n'
const AUTH = `X-Auth-Token: ${TOKEN}\r\n`

const BAD_HOSTS: Readonly<Record<string, string>> = {
  'no Host': '',
  'an empty Host': 'Host:\r\n',
  'two Hosts': 'Host: cloud.test\r\nHost: cloud.test\r\n',
  'two Hosts in one': 'Host: a.test, b.test\r\n',
  'a Host with a path': 'Host: cloud.test/x\r\n',
  'a Host with a user': 'Host: user@cloud.test\r\n',
  'a Host with quotes': 'Host: "><script>\r\n',
  'a Host with a space': 'Host: cloud test\r\n',
  'a Host with a word for a port': 'Host: cloud.test:http\r\n',
  'a Host with a port too high': 'Host: cloud.test:65536\r\n',
  'a Host that begins with a dot': 'Host: .test\r\n',
  'a Host that is half an address': 'Host: [::1\r\n',
  'a Host that is no address': 'Host: 300.1.1.1\r\n',
  'a Host above ASCII': 'Host: cl\xf6ud.test\r\n',
  'a Host of 60,000 letters': `Host: ${'a'.repeat(60_000)}\r\n`,
}

for (const [what, lines] of Object.entries(BAD_HOSTS)) {
  test(`${what} is a 400 in shape, with and without a token`, async () => {
    assertFault(await ask(lines + AUTH), 400)
    assertFault(await ask(lines), 400)
    assertFault(await ask(lines, '/'), 400)
  })
}

test('HTTP/1.0 is answered, and the connection closed', async () => {
  const sent = `GET ${LIST} HTTP/1.0\r\n${HOST}${AUTH}\r\n`
  const { answers, isClosed } = await say(stand.port, sent)
  assert.equal(answers[0]?.status, 200)
  assert.ok(isClosed)
})

test('HTTP/1.0 with Connection: keep-alive is kept', async () => {
  const sent = `GET ${LIST} HTTP/1.0\r\n${HOST}${AUTH}Connection: keep-alive\r\n\r\n`
  const { answers } = await say(stand.port, sent + sent, { until: 2 })
  assert.equal(answers.length, 2)
})

test('none of a flood of small headers is dropped, the last one least', async () => {
  const flood = Array.from({ length: 5000 }, (_, i) => `h${i % 1000}: ${i % 10}\r\n`).join('')
  assert.ok(flood.length < 60_000)
  assert.equal((await ask(HOST + flood + AUTH)).status, 200)
  const older = 'X-OpenStack-Nova-API-Version: 2.30\r\n'
  const answer = await ask(HOST + AUTH + flood + older)
  assert.deepEqual(answer.headers.get('x-openstack-nova-api-version'), ['2.30'])
})

const BAD_TOKENS: Readonly<Record<string, string>> = {
  'no token': '',
  'an empty token': 'X-Auth-Token:\r\n',
  'a token of spaces': 'X-Auth-Token:    \r\n',
  'a good token twice': AUTH + AUTH,
  'a good token and a bad one': `${AUTH}X-Auth-Token: bad\r\n`,
  'a token of 8 KiB': `X-Auth-Token: ${'t'.repeat(8192)}\r\n`,
  'a token of 60 KiB': `X-Auth-Token: ${'t'.repeat(60 * 1024)}\r\n`,
  'a token above ASCII': 'X-Auth-Token: \xff\xfe\r\n',
  'a token with a tab': `X-Auth-Token: ${TOKEN}\t${TOKEN}\r\n`,
  'a bearer': `Authorization: Bearer ${TOKEN}\r\n`,
  'forged identity headers':
    'X-Project-Id: x\r\nX-Roles: admin\r\nX-Identity-Status: Confirmed\r\n',
  'a good storage token behind a bad token': `X-Auth-Token: bad\r\nX-Storage-Token: ${TOKEN}\r\n`,
}

for (const [what, lines] of Object.entries(BAD_TOKENS)) {
  test(`${what} is a 401 as the middleware prints it`, async () => {
    const answer = await ask(HOST + lines)
    assert.equal(answer.status, 401)
    assertRequestId(answer)
    assert.deepEqual(answer.headers.get('www-authenticate'), [
      'Keystone uri="http://cloud.test:5000/v3"',
    ])
    assert.equal((JSON.parse(answer.body) as { error: { code: number } }).error.code, 401)
  })
}

test('a request id sent by the caller is not taken over', async () => {
  const own = 'req-00000000-0000-4000-8000-000000000000'
  const answer = await ask(`${HOST}${AUTH}X-OpenStack-Request-ID: ${own}\r\nRequest-Id: ${own}\r\n`)
  assertRequestId(answer)
  assert.notDeepEqual(answer.headers.get('x-openstack-request-id'), [own])
})

test('headers named as what every object has do no harm', async () => {
  const odd = '__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n'
  assert.equal((await ask(HOST + AUTH + odd + odd)).status, 200)
})

const VERSION_HEADER = 'X-OpenStack-Nova-API-Version'
const BAD_VERSIONS = [
  'garbage',
  '2',
  '2.01',
  '2.1.1',
  '-2.1',
  '2.1e1',
  '٢.١',
  '2.1 latest',
  'LATEST',
]

for (const version of BAD_VERSIONS) {
  test(`the microversion ${version} is a 400 in shape`, async () => {
    const bytes = Buffer.from(version).toString('latin1')
    assertFault(await ask(`${HOST}${AUTH}${VERSION_HEADER}: ${bytes}\r\n`), 400)
  })
}

test('a microversion with ever so many digits is a 406', async () => {
  for (const version of [
    `2.${'9'.repeat(400)}`,
    `${'9'.repeat(400)}.1`,
    '99999999999999999999.0',
  ]) {
    assertFault(await ask(`${HOST}${AUTH}${VERSION_HEADER}: ${version}\r\n`), 406)
  }
})

test('headers that could make a check slow do not', async () => {
  const long = (text: string) => text.repeat(Math.floor(60_000 / text.length))
  const startedAt = performance.now()
  for (const lines of [
    `${VERSION_HEADER}: ${long('2.')}\r\n`,
    `OpenStack-API-Version: ${long(', ')}x\r\n`,
    `OpenStack-API-Version: compute${long(' ')}x\r\n`,
    `Accept: application/vnd.openstack.compute+json${long(' ')}x\r\n`,
    `Accept: ${long('application/vnd.openstack.compute+json;,')}\r\n`,
    `Content-Type: ${long('/ ')}x\r\n`,
  ]) {
    assert.ok((await ask(HOST + AUTH + lines)).status < 500)
  }
  for (const query of ['limit=', 'minRam=', 'changes-since=', 'status=', 'server=', 'a;']) {
    for (const text of ['1', '+', '%20', '-1', '/', ';']) {
      assert.ok((await ask(HOST + AUTH, `${LIST}?${query}${long(text)}x`)).status < 500)
    }
  }
  assert.ok(performance.now() - startedAt < 4000)
})

test('an Upgrade is not met, its request answered, and the connection closed for what follows', async () => {
  const upgrade = { Connection: 'Upgrade', Upgrade: 'h2c' }
  const next = request('GET', LIST)
  for (const [target, status] of [
    [LIST, 200],
    ['/%zz', 400],
  ] as const) {
    const heard = await say(stand.port, request('GET', target, upgrade) + next)
    assert.deepEqual(
      heard.answers.map((answer) => answer.status),
      [status],
    )
    assert.deepEqual(heard.answers[0]?.headers.get('connection'), ['close'])
    assert.ok(heard.isClosed)
  }
})

test('the server goes on after all of this', async () => {
  const { answers } = await say(stand.port, request('GET', LIST), { until: 1 })
  assert.equal(answers[0]?.status, 200)
})
