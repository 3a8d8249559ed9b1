import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, openHouse, passwordBody, tokenOf } from './fixtures.ts'

const TOKENS = '/v3/auth/tokens'
const DEFAULT_DOMAIN = { id: 'default', name: 'Default' }

test('a sign-in by password is answered as Keystone answers it', async (t) => {
  const { app, accounts } = await openHouse(t)
  const answer = await ask(app, 'POST', TOKENS, { body: passwordBody('demo') })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.headers['vary'], 'X-Auth-Token')
  assert.match(String(answer.headers['x-openstack-request-id']), /^req-/)
  assert.match(String(answer.headers['x-subject-token']), /^ait_/)
  assert.equal(answer.text.includes(String(answer.headers['x-subject-token'])), false)
  const { catalog, roles, audit_ids, ...token } = answer.json.token
  assert.deepEqual(token, {
    methods: ['password'],
    user: {
      domain: DEFAULT_DOMAIN,
      id: accounts.demo.userId,
      name: 'demo',
      password_expires_at: null,
    },
    expires_at: '2026-01-03T03:04:05.000000Z',
    issued_at: '2026-01-02T03:04:05.000000Z',
    project: { domain: DEFAULT_DOMAIN, id: accounts.demo.projectId, name: 'demo' },
    is_domain: false,
  })
  assert.equal(audit_ids.length, 1)
  assert.deepEqual(
    roles.map((role: { name: string }) => role.name),
    ['member', 'reader'],
  )
  assert.deepEqual(
    catalog.map((service: { type: string }) => service.type),
    ['compute', 'compute_legacy', 'image', 'identity'],
  )
})

interface Service {
  readonly type: string
  readonly endpoints: readonly { readonly interface: string; readonly url: string }[]
}

function urls(catalog: readonly Service[], face: string) {
  return catalog.map(({ type, endpoints }) => {
    const endpoint = endpoints.find((candidate) => candidate.interface === face)
    return [type, endpoint?.url]
  })
}

test('the catalogue points where the caller can go: his host, or the configured URL', async (t) => {
  const { app, accounts } = await openHouse(t)
  const id = accounts.demo.projectId
  const own = await ask(app, 'POST', TOKENS, { body: passwordBody('demo') })
  for (const face of ['public', 'internal', 'admin']) {
    assert.deepEqual(urls(own.json.token.catalog, face), [
      ['compute', `http://id.example:8774/v2.1/${id}`],
      ['compute_legacy', `http://id.example:8774/v2/${id}`],
      ['image', 'http://id.example:9292'],
      ['identity', 'http://id.example:5000/v3'],
    ])
  }
  const configured = await openHouse(t, {
    publicUrl: 'https://cloud.example/identity',
    computeUrl: 'https://cloud.example/compute',
  })
  const other = await ask(configured.app, 'POST', TOKENS, { body: passwordBody('demo') })
  const [compute, , , identity] = urls(other.json.token.catalog, 'public')
  assert.equal(
    compute?.[1],
    `https://cloud.example/compute/v2.1/${configured.accounts.demo.projectId}`,
  )
  assert.equal(identity?.[1], 'https://cloud.example/identity/v3')
})

test('scopes: by id, by name and domain, none, and ?nocatalog', async (t) => {
  const { app, accounts } = await openHouse(t)
  const id = accounts.demo.projectId
  const projectOf = async (scope: unknown, query = '') => {
    const body = passwordBody('demo', scope)
    const { json } = await ask(app, 'POST', TOKENS + query, { body })
    return [json.token.project?.id, 'catalog' in json.token, 'roles' in json.token]
  }
  assert.deepEqual(await projectOf({ project: { id } }), [id, true, true])
  const domain = { name: 'Default' }
  assert.deepEqual(await projectOf({ project: { name: 'demo', domain } }), [id, true, true])
  assert.deepEqual(await projectOf({ project: { id } }, '?nocatalog'), [id, false, true])
  assert.deepEqual(await projectOf('unscoped'), [undefined, false, false])
  assert.deepEqual(await projectOf({ unscoped: {} }), [undefined, false, false])
})

test('a wrong sign-in is a 401 that says nothing of what was wrong', async (t) => {
  const { app } = await openHouse(t)
  const bodies = [
    passwordBody('demo', undefined, 'wrong'),
    passwordBody('nobody'),
    passwordBody('demo', { project: { id: 'nowhere' } }),
    passwordBody('demo', { domain: { id: 'default' } }),
    passwordBody('demo', { system: { all: true } }),
    { auth: { identity: { methods: ['token'], token: { id: 'ait_no' } } } },
  ]
  for (const body of bodies) {
    const answer = await ask(app, 'POST', TOKENS, { body })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers['www-authenticate'], 'Keystone uri="http://id.example:5000/v3"')
    assert.deepEqual(answer.json, {
      error: {
        code: 401,
        message: 'The request you have made requires authentication.',
        title: 'Unauthorized',
      },
    })
  }
})

test('a method that nobody can sign in with is a 401', async (t) => {
  const { app } = await openHouse(t)
  const body = { auth: { identity: { methods: ['totp'], totp: {} } } }
  const answer = await ask(app, 'POST', TOKENS, { body })
  assert.equal(answer.status, 401)
  assert.match(answer.json.error.message, /unsupported method/)
})

test('a token by token keeps the expiry', async (t) => {
  const { app, clock, accounts } = await openHouse(t)
  const id = await tokenOf(app, 'demo', 'unscoped')
  clock.nowMs += 3_600_000
  const body = {
    auth: {
      identity: { methods: ['token'], token: { id } },
      scope: { project: { id: accounts.demo.projectId } },
    },
  }
  const { status, json } = await ask(app, 'POST', TOKENS, { body })
  assert.equal(status, 201)
  assert.equal(json.token.expires_at, '2026-01-03T03:04:05.000000Z')
  assert.equal(json.token.issued_at, '2026-01-02T04:04:05.000000Z')
  assert.deepEqual(json.token.methods, ['password', 'token'])
})

test('a token is validated and revoked by its own user and by an admin, by nobody else', async (t) => {
  const { app, administration } = await openHouse(t)
  await administration.addUser({ name: 'ann', password: 'correct horse', project: 'demo' })
  const demo = await tokenOf(app, 'demo')
  const demoAgain = await tokenOf(app, 'demo')
  const ann = await tokenOf(app, 'ann')
  const admin = await tokenOf(app, 'admin')
  const call = (method: string, auth: string, subject: string) =>
    ask(app, method, TOKENS, { headers: { 'x-auth-token': auth, 'x-subject-token': subject } })

  for (const auth of [demo, demoAgain, admin]) {
    const shown = await call('GET', auth, demo)
    assert.equal(shown.status, 200)
    assert.equal(shown.json.token.user.name, 'demo')
    assert.equal(shown.headers['x-subject-token'], demo)
    const head = await call('HEAD', auth, demo)
    assert.deepEqual([head.status, head.text], [200, ''])
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(shown.text)))
  }
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    assert.equal((await call(method, ann, demo)).status, 403)
    assert.equal((await call(method, 'ait_wrong', demo)).status, 401)
    assert.equal((await call(method, admin, 'ait_wrong')).status, 404)
    const bare = { headers: { 'x-auth-token': admin } }
    assert.equal((await ask(app, method, TOKENS, bare)).status, 404)
  }
  const revoked = await call('DELETE', demoAgain, demo)
  assert.deepEqual([revoked.status, revoked.text], [204, ''])
  assert.equal((await call('GET', demo, demo)).status, 401)
  assert.equal((await call('GET', admin, demo)).status, 404)
  assert.equal((await call('DELETE', admin, ann)).status, 204)
  assert.equal((await call('DELETE', demoAgain, demoAgain)).status, 204)
})

test('version 2.0 signs in by password and by token, and lists tenants', async (t) => {
  const { app, accounts } = await openHouse(t)
  const passwordCredentials = { username: 'demo', password: 'correct horse' }
  const byName = { auth: { passwordCredentials, tenantName: 'demo' } }
  const first = await ask(app, 'POST', '/v2.0/tokens', { body: byName })
  assert.equal(first.status, 200)
  const { access } = first.json
  const tenant = { description: '', enabled: true, id: accounts.demo.projectId, name: 'demo' }
  assert.deepEqual(access.token.tenant, tenant)
  assert.equal(access.token.expires, '2026-01-03T03:04:05Z')
  assert.deepEqual(access.user, {
    username: 'demo',
    roles_links: [],
    id: accounts.demo.userId,
    roles: [{ name: 'member' }, { name: 'reader' }],
    name: 'demo',
  })
  assert.equal(access.metadata.is_admin, 0)
  const compute = access.serviceCatalog.find((service: Service) => service.type === 'compute')
  const url = `http://id.example:8774/v2.1/${tenant.id}`
  const { id: _, ...endpoint } = compute.endpoints[0]
  assert.deepEqual(endpoint, {
    adminURL: url,
    region: 'RegionOne',
    internalURL: url,
    publicURL: url,
  })

  const byToken = { auth: { token: { id: access.token.id }, tenantId: tenant.id } }
  const second = await ask(app, 'POST', '/v2.0/tokens', { body: byToken })
  assert.equal(second.json.access.token.expires, access.token.expires)
  const headers = { 'x-auth-token': second.json.access.token.id }
  const tenants = await ask(app, 'GET', '/v2.0/tenants', { headers })
  assert.deepEqual(tenants.json, { tenants: [tenant], tenants_links: [] })

  const wrong = { auth: { ...byName.auth, tenantName: 'admin' } }
  assert.equal((await ask(app, 'POST', '/v2.0/tokens', { body: wrong })).status, 401)
  const nameless = { auth: { passwordCredentials } }
  const scoped = await ask(app, 'POST', '/v2.0/tokens', { body: nameless })
  assert.equal(scoped.json.access.token.tenant.name, 'demo')
})

test('guessing is answered by 429 and Retry-After, for the guesser alone', async (t) => {
  const { app, clock } = await openHouse(t, { trustedProxies: ['127.0.0.1'] })
  const guess = (client: string, password?: string) =>
    ask(app, 'POST', TOKENS, {
      body: passwordBody('demo', undefined, password),
      headers: { 'x-forwarded-for': `203.0.113.99, ${client}` },
    })
  for (let i = 0; i < 6; i += 1) assert.equal((await guess('198.51.100.1', 'no')).status, 401)
  const refused = await guess('198.51.100.1')
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal(refused.json.error.title, 'Too Many Requests')
  assert.equal((await guess('198.51.100.2')).status, 201)
  clock.nowMs += 1000
  assert.equal((await guess('198.51.100.1')).status, 201)
})

test('no token and no password gets into the log, whatever happens', async (t) => {
  const { app, log, identity, database } = await openHouse(t)
  const token = await tokenOf(app, 'demo')
  const headers = { 'x-auth-token': token, 'x-subject-token': token }
  await ask(app, 'GET', TOKENS, { headers })
  await ask(app, 'POST', TOKENS, { body: passwordBody('demo', undefined, 'my secret') })
  await ask(app, 'POST', TOKENS, { body: '{"auth": "my secret"' })
  database.close()
  const failed = await ask(app, 'GET', TOKENS, { headers })
  assert.equal(failed.status, 503)
  assert.match(log(), /identity tables could not be read/)
  await assert.rejects(identity.authenticate(token), { name: 'IdentityUnavailable' })
  for (const secret of [token, 'my secret', 'correct horse']) {
    assert.equal(log().includes(secret), false)
    assert.equal(failed.text.includes(secret), false)
  }
})
