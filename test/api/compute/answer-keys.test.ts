import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Answers } from '../../../src/api/compute/answers.ts'
import { trustedProxyList } from '../../../src/api/request/base-url.ts'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { Compression } from '../../../src/server/compression/compression.ts'
import { ALT, DEMO, makeImage, startServer, type TestServer, users } from './server.ts'

const PROXY = '127.0.0.1'

/** `boss` is an administrator in a project of others. */
const identity: Identity = {
  async authenticate(token) {
    const caller = await users.authenticate(token === 'boss' ? 'demo' : token)
    return token === 'boss' && caller ? { ...caller, isAdmin: true, roles: ['admin'] } : caller
  },
}

/** Keeps nothing, so that every answer is made for its request. */
class NoAnswers extends Answers {
  override get(): undefined {}
  override put(): undefined {}
}

/** Everything by which two requests for a list can differ; the first of each is the usual. */
const DIMENSIONS = {
  token: ['demo', 'alt', 'reader', 'admin', 'boss', 'unscoped', undefined],
  operation: ['images', 'images/detail'],
  prefix: ['v2.1', 'v2', 'v2.1//'],
  project: [`/${DEMO}`, ''],
  query: ['', '?limit=1', '?limit=2', '?name=one', '?name=%6Fne', '?name=One', '?status=SAVING'],
  method: ['GET', 'HEAD'],
  host: ['cloud.test', 'cloud.test:8774'],
  forwarded: [
    {},
    { 'x-forwarded-proto': 'https' },
    { 'x-forwarded-host': 'front.test' },
    { 'x-forwarded-prefix': '/compute' },
  ],
  microversion: [undefined, '2.35', '2.36'],
  encoding: [undefined, 'gzip', 'br'],
  accept: [undefined, 'application/xml'],
  language: [undefined, 'de'],
} as const

type Name = keyof typeof DIMENSIONS
type Variant = { readonly [N in Name]: (typeof DIMENSIONS)[N][number] }

const NAMES = Object.keys(DIMENSIONS) as Name[]
const USUAL = Object.fromEntries(NAMES.map((name) => [name, DIMENSIONS[name][0]])) as Variant

/** The usual request, and those that differ from it in one respect or in two. */
function variants(): readonly Variant[] {
  const others = NAMES.flatMap((name) =>
    DIMENSIONS[name].slice(1).map((value) => ({ name, change: { [name]: value } })),
  )
  const pairs = others.flatMap((one, at) =>
    others
      .slice(at + 1)
      .filter(({ name }) => name !== one.name)
      .map(({ change }) => ({ ...one.change, ...change })),
  )
  return [{}, ...others.map(({ change }) => change), ...pairs].map((change) => ({
    ...USUAL,
    ...change,
  }))
}

function requestOf(variant: Variant) {
  const { token, operation, prefix, project, query, method, host, forwarded } = variant
  const given = {
    'x-auth-token': token,
    'openstack-api-version': variant.microversion && `compute ${variant.microversion}`,
    'accept-encoding': variant.encoding,
    accept: variant.accept,
    'accept-language': variant.language,
  }
  const sent = Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const headers = { host, ...forwarded, ...Object.fromEntries(sent) }
  const url = `/${prefix}${project}/${operation}${query}`
  return { method, url, headers, remoteAddress: PROXY }
}

/** All of an answer but what differs between two answers to one request. */
async function ask({ app }: TestServer, request: ReturnType<typeof requestOf>) {
  const { statusCode: status, headers, rawPayload } = await app.inject(request)
  const kept = Object.entries(headers).filter(([name]) => !/^date$|request-id$/.test(name))
  return { status, headers: Object.fromEntries(kept), body: rawPayload.toString('latin1') }
}

test('whatever was asked before, and by whom, an answer is the one made for its request', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  const text = 'a text that takes room, so that the answer is compressed. '.repeat(30)
  await catalogue.putImages([
    makeImage({ name: 'one', visibility: 'public', text }),
    makeImage({ name: 'One', owner: DEMO, text, min_ram: 1 }),
    makeImage({ name: 'one', owner: ALT, status: 'queued', text }),
    makeImage({ name: 'one', owner: 'somebody', text }),
  ])
  const settings = {
    baseUrl: { publicUrl: undefined, trustedProxies: trustedProxyList([PROXY]) },
  }
  const answers = new Answers()
  await using keeping = await startServer(catalogue, identity, { ...settings, answers })
  await using plain = await startServer(catalogue, identity, {
    ...settings,
    answers: new NoAnswers(),
  })
  for (const { app } of [keeping, plain]) new Compression().addTo(app)
  const all = variants().map(requestOf)
  for (const request of all) await keeping.app.inject(request)
  const seen = new Set<string>()
  for (const request of all) {
    const kept = await ask(keeping, request)
    const made = await ask(plain, request)
    assert.deepEqual(kept, made, JSON.stringify(request))
    if (made.status === 200) seen.add(made.body)
  }
  assert.ok(answers.stats().hits > all.length / 4, 'answers are kept')
  assert.ok(seen.size > 20, 'requests have different answers')
})
