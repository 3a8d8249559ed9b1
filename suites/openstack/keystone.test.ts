import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KeystoneIdentity } from '../../src/identity/keystone/keystone-identity.ts'
import { TOKEN_CACHE_MS } from '../../src/identity/keystone/limits.ts'
import type { ServiceUser } from '../../src/identity/keystone/service-token.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { type Cloud, startCloud } from './cloud.ts'

let cloud: Cloud
let upstream: Upstream
let skippedMs = 0

before(async () => {
  cloud = await startCloud()
  upstream = new Upstream({ name: 'Keystone', urls: [cloud.keystoneUrl] })
})

after(async () => {
  await upstream?.close()
  await cloud?.stop()
})

function identity(serviceUser?: ServiceUser): KeystoneIdentity {
  return new KeystoneIdentity({ upstream, serviceUser, now: () => Date.now() + skippedMs })
}

function serviceUser(password: string): ServiceUser {
  return {
    name: 'admin',
    password,
    domainName: 'Default',
    projectName: 'admin',
    projectDomainName: 'Default',
  }
}

type Made<Kind extends string> = Record<Kind, { readonly id: string; readonly secret?: string }>

/** One request to Keystone itself, as a client would make it. */
async function keystone(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
) {
  const response = await fetch(`${cloud.keystoneUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  })
  if (!response.ok) assert.fail(`${method} ${path}: ${await response.text()}`)
  return response
}

async function signIn(auth: unknown): Promise<string> {
  const response = await keystone('POST', '/v3/auth/tokens', {}, { auth })
  return response.headers.get('x-subject-token') ?? assert.fail('no token')
}

test('a real project token is its user in its project, with the public image endpoint', async () => {
  const caller = await identity().authenticate(await cloud.token('demo', 'demo'))
  assert.deepEqual(
    { ...caller, expiresAtMs: 0 },
    {
      userId: cloud.users.demo,
      userName: 'demo',
      projectId: cloud.projects.demo,
      roles: ['member', 'reader'],
      isAdmin: false,
      mayWrite: true,
      expiresAtMs: 0,
      imageUrl: cloud.glanceUrl,
    },
  )
  assert.ok((caller?.expiresAtMs ?? 0) > Date.now())
})

test('a real admin is admin, and a reader is not', async () => {
  const admin = await identity().authenticate(await cloud.token('admin', 'admin'))
  assert.equal(admin?.isAdmin, true)
  const reader = await identity().authenticate(await cloud.token('demo_reader', 'demo'))
  assert.deepEqual([reader?.isAdmin, reader?.roles], [false, ['reader']])
})

test('a real unscoped token has neither project nor roles nor image endpoint', async () => {
  const caller = await identity().authenticate(await cloud.token('demo'))
  assert.equal(caller?.userId, cloud.users.demo)
  assert.deepEqual([caller?.projectId, caller?.roles, caller?.imageUrl], [null, [], undefined])
})

test('a real token for the whole system has no project, and its roles', async () => {
  const user = { name: 'admin', domain: { id: 'default' }, password: cloud.password }
  const token = await signIn({
    identity: { methods: ['password'], password: { user } },
    scope: { system: { all: true } },
  })
  const caller = await identity().authenticate(token)
  assert.deepEqual([caller?.projectId, caller?.isAdmin], [null, true])
})

test('a real application credential and a real trust speak for their project', async () => {
  const { demo } = cloud.users
  const admin = (await identity().authenticate(await cloud.token('admin', 'admin')))?.userId
  const own = { 'x-auth-token': await cloud.token('demo', 'demo') }
  const name = `keystone-test-${Date.now()}`
  const path = `/v3/users/${demo}/application_credentials`
  const made = await keystone('POST', path, own, { application_credential: { name } })
  const { application_credential: credential } =
    (await made.json()) as Made<'application_credential'>
  const byCredential = await signIn({
    identity: {
      methods: ['application_credential'],
      application_credential: { id: credential.id, secret: credential.secret },
    },
  })
  const first = await identity().authenticate(byCredential)
  await keystone('DELETE', `${path}/${credential.id}`, own)
  assert.deepEqual([first?.userId, first?.projectId], [demo, cloud.projects.demo])

  const trusted = await keystone('POST', '/v3/OS-TRUST/trusts', own, {
    trust: {
      trustor_user_id: demo,
      trustee_user_id: admin,
      project_id: cloud.projects.demo,
      impersonation: false,
      roles: [{ name: 'reader' }],
    },
  })
  const { trust } = (await trusted.json()) as Made<'trust'>
  const trustee = { name: 'admin', domain: { id: 'default' }, password: cloud.password }
  const byTrust = await signIn({
    identity: { methods: ['password'], password: { user: trustee } },
    scope: { 'OS-TRUST:trust': { id: trust.id } },
  })
  const second = await identity().authenticate(byTrust)
  await keystone('DELETE', `/v3/OS-TRUST/trusts/${trust.id}`, own)
  assert.deepEqual(
    [second?.userId, second?.projectId, second?.roles, second?.isAdmin],
    [admin, cloud.projects.demo, ['reader'], false],
  )
})

test('a really revoked token is refused once the cache time is over, or another service said so', async () => {
  const identities = [identity(), identity()]
  const token = await cloud.token('demo', 'demo')
  for (const one of identities) assert.ok(await one.authenticate(token))
  const headers = { 'x-auth-token': token, 'x-subject-token': token }
  await keystone('DELETE', '/v3/auth/tokens', headers)
  const [told, waiting] = identities
  told?.forget(token)
  assert.equal(await told?.authenticate(token), undefined)
  assert.ok(await waiting?.authenticate(token))
  skippedMs = TOKEN_CACHE_MS
  assert.equal(await waiting?.authenticate(token), undefined)
  skippedMs = 0
})

test('a really expired token, and 8 KiB of nothing, are unknown', async () => {
  assert.equal(await identity().authenticate(cloud.expiredToken), undefined)
  for (const garbage of ['x', `gAAAAA${'x'.repeat(200)}`, 'x'.repeat(8192)]) {
    assert.equal(await identity().authenticate(garbage), undefined)
  }
})

test('a real service user validates good tokens and refuses bad ones', async () => {
  const service = identity(serviceUser(cloud.password))
  const caller = await service.authenticate(await cloud.token('demo', 'demo'))
  assert.deepEqual([caller?.userId, caller?.projectId], [cloud.users.demo, cloud.projects.demo])
  assert.equal(caller?.imageUrl, cloud.glanceUrl)
  assert.equal(await service.authenticate(cloud.expiredToken), undefined)
  assert.equal(await service.authenticate('garbage'), undefined)
})

test('a service user with a wrong password is trouble for us, not a refusal of the caller', async () => {
  const service = identity({ ...serviceUser('wrong'), name: 'nobody-of-this-name' })
  await assert.rejects(service.authenticate(await cloud.token('demo', 'demo')), {
    name: 'IdentityUnavailable',
    kind: 'unavailable',
  })
})
