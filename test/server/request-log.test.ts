import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { loadConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/config/secret.ts'
import { RequestLog } from '../../src/server/request-log.ts'
import { startAfterimage } from '../../src/server/serve.ts'
import { startStand } from '../cloud/stand.ts'
import { LIST, PROJECT, startServer, TOKEN } from './stand.ts'

type Line = Readonly<Record<string, unknown>>

/** A server whose requests are logged into `lines`. */
async function startLogged(t: TestContext, options = {}) {
  const lines: Line[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const requestLog = new RequestLog({
    ...{ logger, isEveryLogged: true, slowMs: 0, trustedProxies: new BlockList() },
    ...options,
  })
  const server = await startServer({ requestLog })
  t.after(() => server.close())
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: { 'x-auth-token': TOKEN, ...headers },
    }).then(async (answer) => ({ headers: answer.headers, text: await answer.text() }))
  const logged = async (count: number) => {
    while (lines.length < count) await sleep(5)
    return lines
  }
  return { ask, lines, logged }
}

test('a request is one line: who asked for what, what came of it, how long it took', async (t) => {
  const { ask, logged } = await startLogged(t)
  const globalRequestId = 'req-00000000-0000-4000-8000-000000000001'
  const answer = await ask(`${LIST}?name=secret-name`, {
    'user-agent': 'python-novaclient',
    'x-openstack-request-id': globalRequestId,
  })
  const [line] = await logged(1)
  const { durationMs, bytes, time: _, pid: __, hostname: ___, ...rest } = line ?? {}
  assert.deepEqual(rest, {
    level: 30,
    msg: 'request',
    requestId: answer.headers.get('x-compute-request-id'),
    globalRequestId,
    face: 'compute',
    operation: 'list_images_detail',
    method: 'GET',
    path: LIST,
    status: 200,
    projectId: PROJECT,
    userId: 'u',
    client: 'novaclient',
    address: '127.0.0.1',
  })
  assert.ok(Number(durationMs) >= 0 && Number(bytes) > 100)
})

test('no token is in a line, neither one of a header nor one of a path or query', async (t) => {
  const { ask, logged } = await startLogged(t)
  const token = `ait_${'x'.repeat(43)}`
  const fernet = `gAAAAA${'y'.repeat(180)}`
  await ask(`/v2.0/tokens/${token}?token=${token}`, { 'x-auth-token': token })
  await ask(`/v2.0/tokens/${fernet}/endpoints#${fernet}`, { 'x-storage-token': fernet })
  const lines = await logged(2)
  assert.equal(lines[0]?.['path'], '/v2.0/tokens/[hidden]')
  assert.equal(lines[1]?.['path'], '/v2.0/tokens/[hidden]/endpoints')
  const text = JSON.stringify(lines)
  for (const secret of [token, fernet, 'xxxx', 'yyyy']) assert.ok(!text.includes(secret), text)
})

test('an unknown caller has no ids, and a long path is cut', async (t) => {
  const { ask, logged } = await startLogged(t)
  await ask(`/v2.1/${'a/'.repeat(600)}`, { 'x-auth-token': 'nobody' })
  const [line] = await logged(1)
  assert.deepEqual(
    [line?.['status'], line?.['projectId'], line?.['userId']],
    [401, undefined, undefined],
  )
  assert.equal(String(line?.['path']).length, 512)
})

test('slow requests are warnings, and without log.requests the only ones', () => {
  const lines: Line[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const log = new RequestLog({
    logger,
    isEveryLogged: false,
    slowMs: 100,
    trustedProxies: new BlockList(),
  })
  const request = { id: 'req-1', headers: {}, raw: { socket: {} }, originalUrl: '/', method: 'GET' }
  const ended = { operation: 'x', status: 200, userAgent: undefined, sentBytes: 1 } as const
  log.began(request as never)
  log.ended('compute', request as never, { ...ended, durationMs: 99 })
  log.began(request as never)
  log.ended('compute', request as never, { ...ended, durationMs: 100 })
  assert.deepEqual(
    lines.map(({ level, msg, durationMs }) => [level, msg, durationMs]),
    [[40, 'slow request', 100]],
  )
})

test('in front of a Glance a line says what other services were asked, and for how long', async (t) => {
  await using stand = await startStand(t)
  await stand.ask('images/detail')
  const find = () =>
    stand.log.map((line) => JSON.parse(line) as Line).find(({ msg }) => msg === 'request')
  while (find() === undefined) await sleep(5)
  const line = find() ?? {}
  assert.ok(Number(line['upstreamMs']) > 0, JSON.stringify(line))
  assert.ok(Array.isArray(line['upstreamRequestIds']))
})

test('with every face used, nothing secret is in the log', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'afterimage-log-'))
  const ports = { 'compute.port': '0', 'image.port': '0', 'identity.port': '0' }
  const { config } = loadConfig({ flags: { data, ...ports }, environment: {}, cwd: data })
  const password = 'correct horse battery'
  const secrets = { password: new Secret(password), servicePassword: undefined, keyPairs: {} }
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const { urls, close } = await startAfterimage({ config, secrets, logger, withExample: true })
  t.after(() => rmSync(data, { recursive: true }))
  const signIn = (given: string) => {
    const user = { name: 'admin', domain: { id: 'default' }, password: given }
    const body = JSON.stringify({
      auth: { identity: { methods: ['password'], password: { user } } },
    })
    return fetch(`${urls.identity}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  }
  const token = (await signIn(password)).headers.get('x-subject-token') ?? ''
  const wrong = 'a wrong password'
  assert.equal((await signIn(wrong)).status, 401)
  const headers = { 'x-auth-token': token, 'x-subject-token': token }
  for (const url of [
    `${urls.compute}/v2.1/images/detail?x=${token}`,
    `${urls.image}/v2/images`,
    `${urls.image}/v2/images/${token}`,
    `${urls.identity}/v2.0/tokens/${token}`,
    `${urls.identity}/v3/auth/tokens`,
  ]) {
    await (await fetch(url, { headers })).text()
  }
  await fetch(`${urls.identity}/v3/auth/tokens`, { method: 'DELETE', headers })
  await close()
  const requests = () => lines.filter((line) => line.includes('"msg":"request"'))
  while (requests().length < 8) await sleep(5)
  assert.equal(requests().length, 8)
  const text = lines.join('')
  for (const secret of [token, password, wrong]) assert.ok(!text.includes(secret))
})
