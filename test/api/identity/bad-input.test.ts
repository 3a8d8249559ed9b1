import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeystoneFault } from '../../../src/api/identity/faults.ts'
import { readSignIn, readSignInV2 } from '../../../src/api/identity/query.ts'
import { ask, openHouse, passwordBody } from './fixtures.ts'

const TOKENS = '/v3/auth/tokens'
const user = { name: 'u', domain: { id: 'default' }, password: 'p' }
const withIdentity = (identity: unknown) => ({ auth: { identity } })
const withUser = (given: unknown) =>
  withIdentity({ methods: ['password'], password: { user: given } })
const withCredential = (given: unknown) =>
  withIdentity({ methods: ['application_credential'], application_credential: given })
const withScope = (scope: unknown) => ({ auth: { ...withUser(user).auth, scope } })

const MALFORMED: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', '', /not valid JSON/],
  ['half a document', '{"auth":', /not valid JSON/],
  ['a list', [], /must be a JSON object/],
  ['null', 'null', /must be a JSON object/],
  ['bytes that are no UTF-8', Buffer.from('{"auth":"\xff"}', 'latin1'), /not valid JSON in UTF-8/],
  ['no auth', {}, /'body': 'auth' is a required property/],
  ['auth that is text', { auth: 'x' }, /'auth': an object is expected/],
  ['inherited fields alone', '{"__proto__":{"auth":{}}}', /'auth' is a required property/],
  ['no identity', { auth: {} }, /'auth': 'identity' is a required property/],
  ['no methods', withIdentity({}), /'auth.identity': 'methods' is a required/],
  ['methods that are no list', withIdentity({ methods: 'password' }), /auth\.identity\.methods/],
  ['no method', withIdentity({ methods: [] }), /a list of 1 to 8 methods/],
  ['many methods', withIdentity({ methods: Array(99).fill('token') }), /a list of 1 to 8/],
  ['a method that is a number', withIdentity({ methods: [1] }), /every method is a string/],
  ['no password', withIdentity({ methods: ['password'] }), /'password' is a required/],
  ['no token', withIdentity({ methods: ['token'], token: {} }), /'id' is a required property/],
  ['no credential', withCredential(undefined), /'application_credential' is a required property/],
  ['a credential that is text', withCredential('x'), /application_credential': an object/],
  ['a credential without a secret', withCredential({ id: 'x' }), /'secret' is a required/],
  ['a credential without a name', withCredential({ secret: 'x' }), /'id' or 'name' is a required/],
  ['a credential of nobody', withCredential({ name: 'x', secret: 'x' }), /'user' is a required/],
  ['a secret that is a number', withCredential({ id: 'x', secret: 1 }), /secret': a string/],
  ['no user', withUser(undefined), /'user' is a required property/],
  ['a user without a name', withUser({ password: 'p' }), /'id' or 'name' is a required/],
  ['a user without a domain', withUser({ name: 'u', password: 'p' }), /'domain' is a required/],
  ['an empty domain', withUser({ ...user, domain: {} }), /user\.domain': 'id' or 'name'/],
  ['a name that is an object', withUser({ ...user, name: {} }), /user\.name': a string/],
  ['an id that is a number', withUser({ id: 7, password: 'p' }), /user\.id': a string/],
  ['a password that is null', withUser({ ...user, password: null }), /user\.password': a string/],
  ['half a character', withUser({ ...user, name: '\ud800' }), /user\.name': it holds half/],
  ['an empty scope', withScope({}), /'auth\.scope': exactly one of project/],
  ['two scopes', withScope({ project: { id: 'x' }, system: {} }), /exactly one of/],
  ['a scope that is a number', withScope(1), /'auth\.scope': an object/],
  ['a project without a domain', withScope({ project: { name: 'x' } }), /'domain' is a required/],
]

test('a malformed sign-in is a 400 that names the field', async (t) => {
  const { app } = await openHouse(t)
  for (const [what, body, message] of MALFORMED) {
    const answer = await ask(app, 'POST', TOKENS, { body })
    assert.equal(answer.status, 400, what)
    assert.equal(answer.json.error.title, 'Bad Request')
    assert.match(answer.json.error.message, message, what)
  }
})

test('a malformed version 2.0 sign-in is a 400 that names the field', async (t) => {
  const { app } = await openHouse(t)
  const bodies: readonly (readonly [unknown, RegExp])[] = [
    [{ auth: {} }, /'passwordCredentials' or 'token' is a required/],
    [{ auth: { passwordCredentials: { username: 'x' } } }, /'password' is a required/],
    [{ auth: { passwordCredentials: { username: 1, password: 'x' } } }, /username': a string/],
    [{ auth: { token: 'x' } }, /'auth\.token': an object/],
    [{ auth: { token: { id: 'x' }, tenantName: {} } }, /tenantName': a string/],
  ]
  for (const [body, message] of bodies) {
    const answer = await ask(app, 'POST', '/v2.0/tokens', { body })
    assert.equal(answer.status, 400)
    assert.match(answer.json.error.message, message)
  }
})

test('a body that is too deep, too large or of another type is refused', async (t) => {
  const { app } = await openHouse(t)
  const deep = `{"auth":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  assert.equal((await ask(app, 'POST', TOKENS, { body: deep })).status, 400)
  const large = await ask(app, 'POST', TOKENS, { body: passwordBody('x'.repeat(65_536)) })
  assert.equal(large.status, 413)
  assert.equal(large.json.error.code, 413)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const other = await ask(app, 'POST', TOKENS, { body: '{}', headers: form })
  assert.equal(other.status, 400)
  assert.match(other.json.error.message, /application\/json in Content-Type header/)
  const nonsense = { 'content-type': 'nonsense' }
  const strange = await ask(app, 'POST', TOKENS, { body: '{}', headers: nonsense })
  assert.ok([400, 415].includes(strange.status))
  assert.equal(strange.json.error.code, strange.status)
})

test('unknown paths are 404, other methods 405 with Allow, OPTIONS 200', async (t) => {
  const { app } = await openHouse(t)
  for (const path of ['/v4', '/v3/auth', '/v3/auth/tokens/x', '/constructor', '/v3/%2F']) {
    const answer = await ask(app, 'GET', path)
    assert.equal(answer.status, 404, path)
    assert.equal(answer.json.error.title, 'Not Found')
  }
  for (const path of ['/%', '/v3/%ff', '/v3/%zz']) {
    assert.equal((await ask(app, 'GET', path)).status, 400, path)
  }
  const patch = await ask(app, 'PATCH', TOKENS, { body: {} })
  assert.equal(patch.status, 405)
  assert.equal(patch.headers['allow'], 'GET, HEAD, POST, DELETE, OPTIONS')
  assert.equal((await ask(app, 'GET', '/v2.0/tokens')).headers['allow'], 'POST, OPTIONS')
  const options = await ask(app, 'OPTIONS', '/v3/projects')
  assert.deepEqual([options.status, options.text], [200, ''])
  assert.equal(options.headers['allow'], 'GET, HEAD, OPTIONS')
})

test('a request that does not say where it went is a 400', async (t) => {
  const { app } = await openHouse(t)
  for (const host of ['-x', 'a b', 'evil"', '999.0.0.1', 'x:99999']) {
    const answer = await ask(app, 'GET', '/v3', { headers: { host } })
    assert.equal(answer.status, 400, host)
    assert.match(answer.json.error.message, /Host header/)
  }
})

const encode = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '')
const JSON_TYPE = 'application/json'

/** Bodies that are almost right: a good one with one value somewhere replaced, or one field gone. */
const almostRight = fc
  .record({
    body: fc.constantFrom<unknown>(
      withScope({ project: { name: 'p', domain: { id: 'default' } } }),
      withIdentity({ methods: ['token'], token: { id: 't' } }),
      withCredential({ id: 'c', secret: 's' }),
      { auth: { passwordCredentials: { username: 'u', password: 'p' }, tenantName: 'x' } },
    ),
    path: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
    value: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined)),
  })
  .map(({ body, path, value }) => {
    const copy: unknown = structuredClone(body)
    let at = copy
    for (const [depth, step] of path.entries()) {
      if (typeof at !== 'object' || at === null) break
      const keys = Object.keys(at)
      const key = keys[step % Math.max(1, keys.length)]
      if (key === undefined) break
      const fields = at as Record<string, unknown>
      const inside = fields[key]
      if (depth === path.length - 1 || typeof inside !== 'object') {
        fields[key] = value
        break
      }
      at = inside
    }
    return encode(copy)
  })

test('no body makes the reader fail other than with a fault for the caller', () => {
  const bodies = fc.oneof(
    almostRight,
    fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  )
  let faults = 0
  let read = 0
  fc.assert(
    fc.property(bodies, (body) => {
      for (const reader of [readSignIn, readSignInV2]) {
        try {
          const { scope, ...ways } = reader(body, JSON_TYPE)
          assert.ok(Object.keys(ways).length > 0)
          assert.ok(['default', 'unscoped', 'project', 'unattainable'].includes(scope.kind))
          read += 1
        } catch (error) {
          assert.ok(error instanceof KeystoneFault, String(error))
          assert.ok([400, 401].includes(error.status))
          faults += 1
        }
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(read > 100 && faults > 100, `${read} read, ${faults} refused: the bodies are too alike`)
})
