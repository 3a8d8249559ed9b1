import assert from 'node:assert/strict'
import { request } from 'node:http'
import { BlockList } from 'node:net'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Database } from '../../src/database/database.ts'
import type { Caller } from '../../src/identity/identity.ts'
import { CallerGate } from '../../src/server/caller-gate.ts'
import { Compression } from '../../src/server/compression/compression.ts'
import { RequestGate } from '../../src/server/request-gate.ts'
import { RequestLog } from '../../src/server/request-log.ts'
import { LIST, makeImage, PROJECT, type Settings, startServer, TOKEN } from './stand.ts'

const BASE: Caller = {
  userId: 'u',
  projectId: PROJECT,
  roles: ['member'],
  isAdmin: false,
  mayWrite: true,
  expiresAtMs: Number.POSITIVE_INFINITY,
}

/** What the long way authenticates is counted; the short way follows the token. */
async function start(t: TestContext, settings: Settings = {}) {
  const database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  await catalogue.putImages(Array.from({ length: 60 }, (_, n) => makeImage(n)))
  const tokens = new Map([[TOKEN, BASE]])
  let longWay = 0
  const users = {
    authenticate: async (token: string) => {
      longWay += 1
      return tokens.get(token)
    },
    follow: (token: string) => () => tokens.get(token),
  }
  const parts = { compression: new Compression(), ...settings }
  const server = await startServer({ catalogue, users, ...parts })
  t.after(async () => {
    await server.close()
    database.close()
  })
  const ask = (path: string, headers: Record<string, string> = {}) =>
    get(server.port, path, { 'X-Auth-Token': TOKEN, ...headers })
  return { ask, catalogue, tokens, server, longWay: () => longWay }
}

interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** One answer, with its headers as they were sent. */
function get(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.rawHeaders,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      )
    })
    asked.once('error', reject).end()
  })
}

/** Without what is new in every answer. */
function comparable({ status, headers, body }: Answer) {
  const hidden = headers.map((value, i) =>
    /^date$|request-id$/i.test(headers[i - 1] ?? '') && i % 2 === 1 ? '' : value,
  )
  return { status, headers: hidden, body }
}

const QUERIES = [
  '',
  '?limit=3',
  '?limit=3&nothing=1',
  `?limit=3&marker=${makeImage(5).id}`,
  `?marker=${makeImage(57).id}`,
  '?name=image%207',
  '?name=none',
  '?status=ACTIVE&changes-since=2023-11-14T00:00:00Z&limit=2',
  '?limit=-1',
  '?limit=a',
  '?marker=unknown',
  '?status=DELETED',
  '?name=%FF',
  '?name=image%207#x',
  '#x?limit=3',
]

const HEADERS: readonly Record<string, string>[] = [
  {},
  { Accept: 'application/vnd.openstack.compute+json' },
  { 'OpenStack-API-Version': 'compute 2.35' },
  { 'OpenStack-API-Version': 'compute 2.36' },
  { 'Accept-Encoding': 'gzip' },
  { 'Accept-Encoding': 'br;q=0.5, identity;q=0' },
  { 'User-Agent': 'python-novaclient', 'X-Forwarded-Proto': 'https' },
]

test('an answer is the same by the short way, byte for byte', async (t) => {
  const { ask, longWay } = await start(t)
  let count = 0
  let short = 0
  for (const path of [LIST, '/v2/images', '/v2.1/images/detail']) {
    for (const headers of HEADERS) {
      await ask(path, headers) // and from now on the path with these headers is known
      for (const query of QUERIES) {
        count += 1
        const long = await ask(path + query, { ...headers, 'X-New': `${count}` })
        const before = longWay()
        const answer = await ask(path + query, headers)
        if (longWay() === before) short += 1
        const shown = JSON.stringify([path, query, headers])
        assert.deepEqual(comparable(answer), comparable(long), shown)
      }
    }
  }
  // All but the refused ones and those with a fragment: 8 queries of 15, but none in version 2.36 (of /v2.1).
  assert.equal(short, 8 * (3 * HEADERS.length - 2))
})

test('who has the answer already is told so', async (t) => {
  const { ask, longWay } = await start(t)
  const { headers } = await ask(`${LIST}?limit=2`)
  const tag = headers[headers.indexOf('etag') + 1] ?? ''
  const first = await ask(`${LIST}?limit=2`, { 'If-None-Match': tag })
  const before = longWay()
  const second = await ask(`${LIST}?limit=2`, { 'If-None-Match': tag })
  assert.equal(longWay(), before)
  assert.deepEqual([second.status, second.body], [304, ''])
  assert.deepEqual(comparable(second), comparable(first))
  assert.equal((await ask(`${LIST}?limit=3`, { 'If-None-Match': tag })).status, 200)
})

test('a token counts only as long as it is good, and for the same caller', async (t) => {
  const { ask, tokens, longWay } = await start(t)
  await ask(LIST)
  tokens.set(TOKEN, { ...BASE, projectId: 'another' })
  assert.equal((await ask(LIST)).status, 400)
  tokens.set(TOKEN, { ...BASE, roles: ['reader'] })
  const before = longWay()
  assert.equal((await ask(LIST)).status, 200)
  assert.equal(longWay(), before + 1)
  tokens.delete(TOKEN)
  assert.equal((await ask(LIST)).status, 401)
})

test('what was written before the request is in the answer', async (t) => {
  const { ask, catalogue } = await start(t)
  await ask(`${LIST}?limit=2`)
  for (let n = 100; n < 120; n += 1) {
    const image = makeImage(n, { createdAt: 1_800_000_000 + n, name: `new ${n}` })
    await catalogue.putImages([image])
    const [first] = JSON.parse((await ask(`${LIST}?limit=2`)).body).images
    assert.equal(first.name, `new ${n}`)
    const { body } = await ask(`${LIST}?limit=2&marker=${image.id}`)
    assert.ok(!body.includes(`"new ${n}"`))
  }
})

test('other headers, another path or another method are other requests', async (t) => {
  const { ask, server, longWay } = await start(t)
  await ask(LIST)
  const before = longWay()
  await ask(LIST, { 'X-Other': '1' })
  await ask(`/v2.1/${PROJECT}/images`)
  await ask(`${LIST}/`)
  assert.equal(longWay(), before + 3)
  assert.equal((await get(server.port, LIST, { 'X-Auth-Token': 'bad' })).status, 401)
  assert.equal((await get(server.port, LIST, {})).status, 401)
})

test('nobody overtakes who waits for a slot', async (t) => {
  const { limits } = loadConfig({ flags: {}, environment: {}, cwd: '/' }).config
  const gate = new RequestGate({ ...limits, requestsInFlight: 1 }, () => 'caller')
  const { ask } = await start(t, { gate })
  await ask(LIST)
  const done: string[] = []
  const slot = Promise.withResolvers<{ release(): void }>()
  gate.slots.enter(
    () => 'holder',
    (given) => given && slot.resolve(given),
  )
  const held = await slot.promise
  assert.equal((await ask(LIST)).status, 200) // takes no slot
  gate.slots.enter(
    () => 'waiting',
    (given) => {
      done.push('waiting')
      given?.release()
    },
  )
  const asked = ask(LIST).then(() => done.push('asked'))
  while (gate.slots.waiting < 2) await new Promise(setImmediate)
  held.release()
  await asked
  assert.deepEqual(done, ['waiting', 'asked'])
})

test('where every request counts, every one is counted', async (t) => {
  const { limits } = loadConfig({ flags: {}, environment: {}, cwd: '/' }).config
  const rate = { ...limits, addressRequestsPerMinute: 1, addressBurst: 3 }
  const callers = new CallerGate(rate, new BlockList())
  const { ask } = await start(t, { callers })
  const statuses = []
  for (let i = 0; i < 5; i += 1) statuses.push((await ask(LIST)).status)
  assert.deepEqual(statuses, [200, 200, 200, 429, 429])
})

test('a request is logged in the same way', async (t) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const options = { isEveryLogged: true, slowMs: 0, trustedProxies: new BlockList() }
  const { ask, longWay } = await start(t, { requestLog: new RequestLog({ logger, ...options }) })
  await ask(`${LIST}?limit=1`)
  const before = longWay()
  await ask(`${LIST}?limit=1`)
  assert.equal(longWay(), before)
  while (lines.length < 2) await new Promise(setImmediate)
  const [long, short] = lines.map(({ time, requestId, durationMs, ...rest }) => rest)
  assert.deepEqual(short, long)
})
