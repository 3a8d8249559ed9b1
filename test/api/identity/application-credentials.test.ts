import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ask, openHouse, passwordBody, tokenOf } from './fixtures.ts'

const BASE = 'http://id.example:5000/v3'
const TOKENS = '/v3/auth/tokens'

/** A house, and what `demo` asks of it. */
async function open(t: TestContext) {
  const home = await openHouse(t)
  const { app, accounts } = home
  const path = `/v3/users/${accounts.demo.userId}/application_credentials`
  const demo = { 'x-auth-token': await tokenOf(app, 'demo') }
  const admin = { 'x-auth-token': await tokenOf(app, 'admin') }
  const create = (given: unknown, headers: Record<string, string> = demo, at = path) =>
    ask(app, 'POST', at, { body: { application_credential: given }, headers })
  const signIn = (given: unknown, more: object = {}) => {
    const identity = { methods: ['application_credential'], application_credential: given }
    return ask(app, 'POST', TOKENS, { body: { auth: { identity, ...more } } })
  }
  return { ...home, ...accounts, path, headers: { demo, admin }, create, signIn }
}

test('an application credential is made, listed, shown and deleted as in Keystone', async (t) => {
  const { app, path, headers, create, accounts } = await open(t)
  const made = await create({
    name: 'ci',
    description: 'builds',
    expires_at: '2026-02-03T04:05:06.000000Z',
    roles: [{ name: 'reader' }],
  })
  assert.equal(made.status, 201)
  const { secret, ...listed } = made.json.application_credential
  assert.match(secret, /^[\w-]{86}$/)
  const [role, ...others] = listed.roles
  assert.deepEqual(listed, {
    id: listed.id,
    name: 'ci',
    description: 'builds',
    project_id: accounts.demo.projectId,
    roles: [{ id: role.id, name: 'reader', domain_id: null, description: null, options: {} }],
    unrestricted: false,
    expires_at: '2026-02-03T04:05:06.000000',
    links: { self: `${BASE}/users/${accounts.demo.userId}/application_credentials/${listed.id}` },
  })
  assert.deepEqual(others, [])
  for (const [query, found] of [
    ['', [listed]],
    ['?name=ci', [listed]],
    ['?name=other', []],
  ] as const) {
    const list = await ask(app, 'GET', path + query, { headers: headers.demo })
    assert.deepEqual(list.json, {
      application_credentials: found,
      links: { next: null, self: `http://id.example:5000${path}`, previous: null },
    })
  }
  const shown = await ask(app, 'GET', `${path}/${listed.id}`, { headers: headers.demo })
  assert.deepEqual(shown.json, {
    application_credential: { ...listed, user_id: accounts.demo.userId, system: null },
  })
  const deleted = await ask(app, 'DELETE', `${path}/${listed.id}`, { headers: headers.demo })
  assert.deepEqual([deleted.status, deleted.text], [204, ''])
  const gone = await ask(app, 'GET', `${path}/${listed.id}`, { headers: headers.demo })
  assert.equal(gone.status, 404)
  assert.equal(gone.json.error.message, `Could not find Application Credential: ${listed.id}.`)
})

test('a sign-in with it is a token that names it', async (t) => {
  const { create, signIn, app, demo } = await open(t)
  const made = await create({ name: 'ci', secret: 'my own', unrestricted: true })
  const { id, secret } = made.json.application_credential
  assert.equal(secret, 'my own')
  const user = { name: 'demo', domain: { name: 'Default' } }
  for (const given of [
    { id, secret },
    { name: 'ci', user, secret },
    { name: 'ci', user: { id: demo.userId }, secret },
  ]) {
    const answer = await signIn(given)
    assert.equal(answer.status, 201)
    const { token } = answer.json
    assert.deepEqual(token.methods, ['application_credential'])
    assert.deepEqual(token.application_credential, { id, name: 'ci', restricted: false })
    assert.equal(token.project.id, demo.projectId)
    assert.equal(token.catalog.length, 4)
    const text = String(answer.headers['x-subject-token'])
    const headers = { 'x-auth-token': text, 'x-subject-token': text }
    const validated = await ask(app, 'GET', TOKENS, { headers })
    assert.deepEqual(validated.json.token.application_credential, token.application_credential)
  }
  const plain = await ask(app, 'POST', TOKENS, { body: passwordBody('demo') })
  assert.equal('application_credential' in plain.json.token, false)
})

test('a wrong secret says nothing of what was wrong, a scope says that there is none', async (t) => {
  const { create, signIn, demo } = await open(t)
  const { id, secret } = (await create({ name: 'ci' })).json.application_credential
  const wrong = 'The request you have made requires authentication.'
  for (const given of [
    { id, secret: 'wrong' },
    { id: 'unknown', secret },
    { name: 'ci', user: { id: 'unknown' }, secret },
    { name: 'other', user: { id: demo.userId }, secret },
  ]) {
    const { status, json } = await signIn(given)
    assert.deepEqual([status, json.error.message], [401, wrong])
  }
  const scoped = await signIn({ id, secret }, { scope: { project: { id: demo.projectId } } })
  const reason = 'Application credentials cannot request a scope.'
  assert.deepEqual(
    [scoped.status, scoped.json.error.message],
    [401, `Error authenticating with application credential: ${reason}`],
  )
})

test('with a restricted one no further ones are made or deleted, with another they are', async (t) => {
  const { create, signIn, app, path } = await open(t)
  const headersOf = async (given: object) => {
    const { id, secret } = (await create(given)).json.application_credential
    const answer = await signIn({ id, secret })
    return { id, headers: { 'x-auth-token': String(answer.headers['x-subject-token']) } }
  }
  const restricted = await headersOf({ name: 'restricted' })
  const refusals = [
    await create({ name: 'more' }, restricted.headers),
    await ask(app, 'DELETE', `${path}/${restricted.id}`, { headers: restricted.headers }),
  ]
  for (const { status, json } of refusals) {
    assert.equal(status, 403)
    assert.match(json.error.message, /Using method 'application_credential' is not allowed for/)
  }
  const list = await ask(app, 'GET', path, { headers: restricted.headers })
  assert.equal(list.json.application_credentials.length, 1)
  const body = { auth: { identity: { methods: ['token'], token: { id: '' } } } }
  body.auth.identity.token.id = restricted.headers['x-auth-token']
  const again = await ask(app, 'POST', TOKENS, { body })
  const headers = { 'x-auth-token': String(again.headers['x-subject-token']) }
  assert.equal((await create({ name: 'more' }, headers)).status, 403)

  const free = await headersOf({ name: 'free', unrestricted: true, roles: [{ name: 'reader' }] })
  const more = await create({ name: 'more' }, free.headers)
  assert.equal(more.status, 201)
  assert.deepEqual(
    more.json.application_credential.roles.map(({ name }: { name: string }) => name),
    ['reader'],
  )
  const stronger = await create({ name: 'x', roles: [{ name: 'member' }] }, free.headers)
  assert.equal(stronger.status, 400)
  const itself = await ask(app, 'DELETE', `${path}/${free.id}`, { headers: free.headers })
  assert.equal(itself.status, 204)
  assert.equal((await ask(app, 'GET', path, { headers: free.headers })).status, 401)
})

test('one makes them for oneself, and an admin reads and deletes those of all', async (t) => {
  const { create, app, path, headers, admin, demo } = await open(t)
  const own = (await create({ name: 'ci' })).json.application_credential
  const adminsPath = `/v3/users/${admin.userId}/application_credentials`
  const admins = await create({ name: 'a' }, headers.admin, adminsPath)
  const adminsId = admins.json.application_credential.id
  const refused = async (answer: ReturnType<typeof ask>, action: string) => {
    const { status, json } = await answer
    assert.equal(status, 403)
    assert.match(json.error.message, new RegExp(`action: identity:${action}\\.$`))
  }
  await refused(create({ name: 'x' }, headers.admin), 'create_application_credential')
  await refused(create({ name: 'x' }, headers.demo, adminsPath), 'create_application_credential')
  const unscoped = { 'x-auth-token': await tokenOf(app, 'demo', 'unscoped') }
  await refused(create({ name: 'x' }, unscoped), 'create_application_credential')
  const asDemo = { headers: headers.demo }
  await refused(ask(app, 'GET', adminsPath, asDemo), 'list_application_credentials')
  // Whose it is counts, not whose path it is asked for under.
  for (const at of [`${adminsPath}/${adminsId}`, `${path}/${adminsId}`]) {
    await refused(ask(app, 'GET', at, asDemo), 'get_application_credential')
    await refused(ask(app, 'DELETE', at, asDemo), 'delete_application_credential')
  }
  for (const method of ['GET', 'DELETE']) {
    assert.equal((await ask(app, method, `${path}/${own.id}`)).status, 401)
  }
  const asAdmin = { headers: headers.admin }
  assert.equal((await ask(app, 'GET', path, asAdmin)).json.application_credentials.length, 1)
  const shown = await ask(app, 'GET', `${path}/${own.id}`, asAdmin)
  assert.equal(shown.json.application_credential.user_id, demo.userId)
  assert.equal((await ask(app, 'DELETE', `${path}/${own.id}`, asAdmin)).status, 204)
  assert.equal((await ask(app, 'DELETE', `${path}/${own.id}`, asAdmin)).status, 404)
})

const ci = { name: 'ci' }
const MALFORMED: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', undefined, /'application_credential' is a required property/],
  ['text', 'x', /'application_credential': an object/],
  ['no name', {}, /'name' is a required property/],
  ['an empty name', { name: ' ' }, /name': it is empty/],
  ['a long name', { name: 'x'.repeat(256) }, /name': it is longer than 255/],
  [
    'a long description',
    { ...ci, description: 'x'.repeat(1025) },
    /description': it is longer than 1024/,
  ],
  ['a description that is a number', { ...ci, description: 1 }, /description': a string/],
  ['a long secret', { ...ci, secret: 'x'.repeat(4097) }, /secret': it is longer than 4096/],
  ['unrestricted as text', { ...ci, unrestricted: 'yes' }, /unrestricted': true or false/],
  ['unrestricted as null', { ...ci, unrestricted: null }, /unrestricted': true or false/],
  ['roles that are no list', { ...ci, roles: {} }, /roles': a list of at most 16/],
  [
    'many roles',
    { ...ci, roles: Array(17).fill({ name: 'reader' }) },
    /roles': a list of at most 16/,
  ],
  [
    'a role that is text',
    { ...ci, roles: ['reader'] },
    /every role is an object with 'id' or 'name'/,
  ],
  ['a role without a name', { ...ci, roles: [{}] }, /every role is an object/],
  ['a role with both', { ...ci, roles: [{ id: 'a', name: 'b' }] }, /every role is an object/],
  ['a role whose name is a number', { ...ci, roles: [{ name: 1 }] }, /roles\.name': a string/],
  ['no time', { ...ci, expires_at: 'tomorrow' }, /^Timestamp not in expected format\./],
  [
    'a zone',
    { ...ci, expires_at: '2027-01-01T00:00:00+02:00' },
    /^Timestamp not in expected format\./,
  ],
  [
    'no such day',
    { ...ci, expires_at: '2027-02-30T00:00:00Z' },
    /^Timestamp not in expected format\./,
  ],
  [
    'no such hour',
    { ...ci, expires_at: '2027-02-03T25:00:00Z' },
    /^Timestamp not in expected format\./,
  ],
  [
    'a time past',
    { ...ci, expires_at: '2026-01-02T03:04:05Z' },
    /'expires_at' must not be before now/,
  ],
  [
    'access rules',
    { ...ci, access_rules: [{ path: '/v2/images', method: 'GET', service: 'image' }] },
    /access_rules': access rules are not supported here/,
  ],
  [
    'a role that the user does not have',
    { ...ci, roles: [{ name: 'admin' }] },
    /^Invalid application credential: Cannot create .* with unassigned role$/,
  ],
]

test('a malformed application credential is a 400 that names the field', async (t) => {
  const { create, app, path, headers } = await open(t)
  for (const [what, given, message] of MALFORMED) {
    const { status, json } = await create(given)
    assert.equal(status, 400, what)
    assert.match(json.error.message, message, what)
  }
  const list = await ask(app, 'GET', path, { headers: headers.demo })
  assert.deepEqual(list.json.application_credentials, [])
})

test('what may be left out may be null, and a time may do without its zone', async (t) => {
  const { create } = await open(t)
  const nothing = { description: null, secret: null, expires_at: null, access_rules: [], roles: [] }
  const made = (await create({ name: 'a', ...nothing })).json.application_credential
  assert.deepEqual([made.description, made.expires_at, made.roles.length], [null, null, 2])
  assert.equal(made.secret.length, 86)
  const timed = await create({ name: 'b', expires_at: '2028-02-29T00:00:00' })
  assert.equal(timed.json.application_credential.expires_at, '2028-02-29T00:00:00.000000')
})

test('a name that is taken is a 409, an unknown role a 404', async (t) => {
  const { create } = await open(t)
  assert.equal((await create({ name: 'ci' })).status, 201)
  const taken = await create({ name: 'ci' })
  assert.equal(taken.status, 409)
  assert.match(taken.json.error.message, /^Conflict occurred .* found with name ci\.$/)
  const unknown = await create({ name: 'b', roles: [{ name: 'king' }] })
  assert.deepEqual(
    [unknown.status, unknown.json.error.message],
    [404, 'Could not find role: king.'],
  )
})

test('the log and the answers hold no secret', async (t) => {
  const { create, signIn, app, path, headers, log } = await open(t)
  const { id, secret } = (await create({ name: 'ci' })).json.application_credential
  await signIn({ id, secret })
  const wrong = await signIn({ id, secret: `${secret}x` })
  const list = await ask(app, 'GET', path, { headers: headers.demo })
  assert.equal([log(), wrong.text, list.text].join().includes(secret), false)
})
