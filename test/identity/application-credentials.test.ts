import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewApplicationCredential } from '../../src/identity/application-credentials.ts'
import { Administration } from '../../src/identity/local/administration.ts'
import { APPLICATION_CREDENTIALS_PER_USER_MAX } from '../../src/identity/local/application-credentials.ts'
import { FREE_FAILURES_PER_PAIR } from '../../src/identity/local/guess-limiter.ts'
import { TOKEN_LIFETIME_MS } from '../../src/identity/local/local-identity.ts'
import type { Scope, SignIn } from '../../src/identity/token-service.ts'
import { byPassword, byToken, type House, house, onProject } from './fixtures.ts'

const REFUSED = { code: 'credentials.refused' }
const ADDRESS = '192.0.2.1'

const asked = (more: Partial<NewApplicationCredential> = {}): NewApplicationCredential => ({
  name: 'ci',
  description: null,
  secret: undefined,
  roles: [],
  isUnrestricted: false,
  expiresAtMs: null,
  ...more,
})

function bySecret(id: string, secret: string, scope: Scope = { kind: 'default' }): SignIn {
  return { applicationCredential: { credential: { id }, secret }, scope, address: ADDRESS }
}

/** An application credential of `demo`'s, made with a password's token. */
async function made({ identity }: House, more: Partial<NewApplicationCredential> = {}) {
  const { token } = await identity.signIn(byPassword('demo'))
  return identity.applicationCredentials.create(token, asked(more))
}

test('an application credential signs in by id, and by name and user', async (t) => {
  const home = await house(t)
  const { identity, accounts } = home
  const { credential, secret } = await made(home)
  assert.match(credential.id, /^[0-9a-f]{32}$/)
  assert.match(secret, /^[\w-]{86}$/)
  const user = { name: 'demo', domain: { id: 'default' } }
  for (const reference of [
    { id: credential.id },
    { name: 'ci', user },
    { name: 'ci', user: { id: accounts.demo.userId } },
  ]) {
    const { token, description } = await identity.signIn({
      applicationCredential: { credential: reference, secret },
      scope: { kind: 'default' },
      address: ADDRESS,
    })
    assert.deepEqual(description.methods, ['application_credential'])
    assert.equal(description.project?.id, accounts.demo.projectId)
    assert.deepEqual(description.applicationCredential, {
      id: credential.id,
      name: 'ci',
      isRestricted: true,
    })
    const caller = await identity.authenticate(token)
    assert.deepEqual(
      [caller?.userId, caller?.roles, caller?.mayWrite],
      [accounts.demo.userId, ['member', 'reader'], true],
    )
  }
})

test('the secret is stored as a hash, and nothing shows it again', async (t) => {
  const home = await house(t)
  const { credential, secret } = await made(home, { secret: 'chosen by the user' })
  assert.equal(secret, 'chosen by the user')
  const rows = home.database.prepare('SELECT * FROM application_credential').all()
  assert.match(String(rows[0]?.['secret_hash']), /^scrypt\$/)
  assert.equal(JSON.stringify(rows).includes(secret), false)
  const service = home.identity.applicationCredentials
  const shown = [await service.find(credential.id), await service.list(credential.userId)]
  assert.deepEqual(shown, [credential, [credential]])
  assert.equal(/scrypt|chosen/.test(JSON.stringify(shown)), false)
})

test('it has the roles that it was given, of those that its user has', async (t) => {
  const home = await house(t)
  const { identity } = home
  const { credential, secret } = await made(home, { roles: [{ name: 'reader' }] })
  const { token } = await identity.signIn(bySecret(credential.id, secret))
  const caller = await identity.authenticate(token)
  assert.deepEqual([caller?.roles, caller?.mayWrite], [['reader'], false])
  await home.administration.grant('demo', 'demo', 'admin')
  assert.deepEqual((await identity.authenticate(token))?.roles, ['reader'])
  const both = [{ name: 'reader' }, { name: 'member' }, { name: 'reader' }]
  const twice = await made(home, { name: 'twice', roles: both })
  assert.deepEqual(
    twice.credential.roles.map(({ name }) => name),
    ['member', 'reader'],
  )
  assert.deepEqual(
    await identity.applicationCredentials.find(twice.credential.id),
    twice.credential,
  )
  for (const [role, code] of [
    [{ name: 'admin' }, 'role.unassigned'],
    [{ id: 'x' }, 'role.unassigned'],
    [{ name: 'king' }, 'role.unknown'],
  ] as const) {
    const reader = identity.applicationCredentials.create(
      token,
      asked({ name: 'b', roles: [role] }),
    )
    await assert.rejects(reader, { code })
  }
})

test('a wrong secret, an unknown credential, another scope are refused alike', async (t) => {
  const home = await house(t)
  const { credential, secret } = await made(home)
  await home.administration.grant('demo', 'admin', 'member')
  const user = { name: 'admin', domain: { id: 'default' } }
  const byName = { credential: { name: 'ci', user }, secret }
  const requests: SignIn[] = [
    bySecret(credential.id, 'wrong'),
    bySecret('unknown', secret),
    { applicationCredential: byName, scope: { kind: 'default' }, address: ADDRESS },
    bySecret(credential.id, secret, onProject('admin')),
    bySecret(credential.id, secret, { kind: 'unscoped' }),
    { ...bySecret(credential.id, secret), ...byPassword('admin') },
    { ...bySecret(credential.id, 'wrong'), ...byPassword('demo') },
  ]
  const messages = new Set<string>()
  for (const request of requests) {
    await assert.rejects(home.identity.signIn(request), (error: Error & { code: string }) => {
      messages.add(error.message)
      return error.code === 'credentials.refused'
    })
  }
  assert.equal(messages.size, 1)
})

test('no token leads out of the limits of the credential that it comes from', async (t) => {
  const home = await house(t)
  const { identity, administration } = home
  await administration.grant('demo', 'admin', 'member')
  const { credential, secret } = await made(home, { roles: [{ name: 'reader' }] })
  const first = await identity.signIn(bySecret(credential.id, secret))
  for (const scope of [onProject('demo'), { kind: 'default' }] as const) {
    const second = await identity.signIn(byToken(first.token, scope))
    assert.deepEqual(second.description.methods, ['application_credential', 'token'])
    assert.equal(second.description.applicationCredential?.id, credential.id)
    assert.deepEqual((await identity.authenticate(second.token))?.roles, ['reader'])
  }
  for (const scope of [onProject('admin'), { kind: 'unscoped' }] as const) {
    await assert.rejects(identity.signIn(byToken(first.token, scope)), REFUSED)
  }
  const both = { ...byPassword('demo', undefined, onProject('admin')), token: first.token }
  await assert.rejects(identity.signIn(both), REFUSED)
  const other = await made(home, { name: 'other' })
  const mixed = { ...bySecret(other.credential.id, other.secret), token: first.token }
  await assert.rejects(identity.signIn(mixed), REFUSED)
})

test('an expired credential signs nobody in, and no token outlives it', async (t) => {
  const home = await house(t)
  const { identity, clock } = home
  const past = made(home, { expiresAtMs: clock.nowMs })
  await assert.rejects(past, { code: 'expired' })
  const expiresAtMs = Math.floor(clock.nowMs / 1000) * 1000 + TOKEN_LIFETIME_MS / 2
  const { credential, secret } = await made(home, { expiresAtMs })
  const { token, description } = await identity.signIn(bySecret(credential.id, secret))
  assert.equal(description.expiresAtMs, expiresAtMs)
  clock.nowMs = expiresAtMs - 1
  assert.ok(await identity.authenticate(token))
  clock.nowMs = expiresAtMs
  assert.equal(await identity.authenticate(token), undefined)
  await assert.rejects(identity.signIn(bySecret(credential.id, secret)), REFUSED)
})

const ENDS: readonly (readonly [string, (by: Administration) => Promise<unknown>, boolean])[] = [
  ['disabling the user', (by) => by.setUser('ann', { enabled: false }), true],
  ['removing the user', (by) => by.removeUser('ann'), true],
  ['removing the project', (by) => by.removeProject('work'), true],
  ['taking the role away', (by) => by.revoke('ann', 'work', 'member'), true],
  ['disabling the project', (by) => by.setProject('work', { enabled: false }), false],
]

for (const [what, end, isGone] of ENDS) {
  test(`${what}, by another process, ends a credential and its tokens`, async (t) => {
    const { identity, administration, openAgain } = await house(t)
    await administration.addProject({ name: 'work' })
    await administration.addUser({ name: 'ann', password: 'x', project: 'work' })
    const ann = await identity.signIn(byPassword('ann', 'x'))
    const { credential, secret } = await identity.applicationCredentials.create(ann.token, asked())
    const { token } = await identity.signIn(bySecret(credential.id, secret))
    assert.ok(await identity.authenticate(token))
    await end(new Administration(openAgain()))
    assert.equal(await identity.authenticate(token), undefined)
    await assert.rejects(identity.signIn(bySecret(credential.id, secret)), REFUSED)
    const kept = await identity.applicationCredentials.find(credential.id)
    assert.equal(kept === undefined, isGone)
  })
}

test('a deleted credential ends its own tokens, and those made from them, at once', async (t) => {
  const home = await house(t)
  const { identity } = home
  const { credential, secret } = await made(home)
  const other = await made(home, { name: 'other' })
  const first = await identity.signIn(bySecret(credential.id, secret))
  const second = await identity.signIn(byToken(first.token))
  const kept = await identity.signIn(bySecret(other.credential.id, other.secret))
  const service = identity.applicationCredentials
  assert.ok(
    (await identity.authenticate(first.token)) && (await identity.authenticate(second.token)),
  )
  assert.equal(await service.remove(credential.id), true)
  assert.equal(await service.remove(credential.id), false)
  assert.equal(await identity.authenticate(first.token), undefined)
  assert.equal(await identity.authenticate(second.token), undefined)
  assert.ok(await identity.authenticate(kept.token))
  await assert.rejects(identity.signIn(bySecret(credential.id, secret)), REFUSED)
})

test('a credential deleted while a sign-in with it is under way refuses that sign-in', async (t) => {
  const home = await house(t, false)
  const { credential, secret } = await made(home)
  const signIn = assert.rejects(home.identity.signIn(bySecret(credential.id, secret)), REFUSED)
  await home.identity.applicationCredentials.remove(credential.id)
  await signIn
})

test('a token that ends while a credential is being made with it makes none', async (t) => {
  const { identity, accounts } = await house(t, false)
  const { token } = await identity.signIn(byPassword('demo'))
  const creation = identity.applicationCredentials.create(token, asked())
  const refusal = assert.rejects(creation, REFUSED)
  await identity.revoke(token)
  await refusal
  assert.deepEqual(await identity.applicationCredentials.list(accounts.demo.userId), [])
})

test('a new password ends the tokens, and leaves the credential', async (t) => {
  const home = await house(t)
  const { identity, administration } = home
  const { credential, secret } = await made(home)
  const { token } = await identity.signIn(bySecret(credential.id, secret))
  await administration.setUser('demo', { password: 'new' })
  assert.equal(await identity.authenticate(token), undefined)
  assert.ok(await identity.signIn(bySecret(credential.id, secret)))
})

test('guesses of a secret are slowed, and do not shut out the user', async (t) => {
  const home = await house(t)
  const { identity } = home
  const { credential, secret } = await made(home)
  for (let n = 0; n <= FREE_FAILURES_PER_PAIR; n += 1) {
    await assert.rejects(identity.signIn(bySecret(credential.id, 'guess')), REFUSED)
  }
  const throttled = { code: 'attempts.throttled', retryAfterSeconds: 1 }
  await assert.rejects(identity.signIn(bySecret(credential.id, secret)), throttled)
  const user = { name: 'demo', domain: { id: 'default' } }
  const byName = { credential: { name: 'ci', user }, secret }
  const named = { applicationCredential: byName, scope: { kind: 'default' }, address: ADDRESS }
  await assert.rejects(identity.signIn(named as SignIn), throttled)
  assert.ok(await identity.signIn(byPassword('demo')))
  home.clock.nowMs += 1000
  assert.ok(await identity.signIn(bySecret(credential.id, secret)))
})

test('names are unique among those of a user, and there are not too many', async (t) => {
  const home = await house(t)
  const { identity, database, accounts } = home
  await made(home)
  await assert.rejects(made(home), { code: 'name.taken' })
  const admin = await identity.signIn(byPassword('admin'))
  await identity.applicationCredentials.create(admin.token, asked())
  const { userId, projectId } = accounts.demo
  const insert = database.prepare(
    `INSERT INTO application_credential VALUES (?, ?, NULL, '', ?, ?, 0, NULL)`,
  )
  await database.write(() => {
    for (let n = 1; n < APPLICATION_CREDENTIALS_PER_USER_MAX; n += 1) {
      insert.run(`id${n}`, `name${n}`, userId, projectId)
    }
  })
  await assert.rejects(made(home, { name: 'one more' }), { code: 'limit.reached' })
  await identity.applicationCredentials.remove('id1')
  assert.ok(await made(home, { name: 'one more' }))
})
