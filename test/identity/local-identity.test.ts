import assert from 'node:assert/strict'
import crypto, { hash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { Administration } from '../../src/identity/local/administration.ts'
import { LocalIdentity, TOKEN_LIFETIME_MS } from '../../src/identity/local/local-identity.ts'
import { TOKENS_PER_USER_MAX } from '../../src/identity/local/tokens.ts'
import { SignInFault } from '../../src/identity/token-service.ts'
import { byPassword, byToken, house, onProject } from './fixtures.ts'

const REFUSED = { code: 'credentials.refused' }

test('a sign-in by password gives a token for the default project', async (t) => {
  const { identity, accounts, clock } = await house(t)
  const { token, description } = await identity.signIn(byPassword('demo'))
  assert.match(token, /^ait_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(await identity.authenticate(token), {
    userId: accounts.demo.userId,
    userName: 'demo',
    projectId: accounts.demo.projectId,
    roles: ['member', 'reader'],
    isAdmin: false,
    mayWrite: true,
    expiresAtMs: description.expiresAtMs,
  })
  assert.equal(description.issuedAtMs, Math.floor(clock.nowMs / 1000) * 1000)
  assert.equal(description.expiresAtMs, description.issuedAtMs + TOKEN_LIFETIME_MS)
  assert.deepEqual(description.methods, ['password'])
  assert.deepEqual(await identity.describe(token), description)
})

test('an administrator of another project than admin is one of that project', async (t) => {
  const { identity, administration } = await house(t)
  await administration.addUser({ name: 'boss', password: 'x', project: 'demo', role: 'admin' })
  const callerOf = async (name: string, password?: string) =>
    identity.authenticate((await identity.signIn(byPassword(name, password))).token)
  assert.equal((await callerOf('admin'))?.isProjectAdmin, undefined)
  const boss = await callerOf('boss', 'x')
  assert.deepEqual([boss?.isAdmin, boss?.isProjectAdmin], [true, true])
})

test('roles decide who is admin and who may write', async (t) => {
  const { identity, administration } = await house(t)
  await administration.addUser({ name: 'looker', password: 'x', project: 'demo', role: 'reader' })
  const admin = await identity.signIn(byPassword('admin'))
  const reader = await identity.signIn(byPassword('looker', 'x'))
  const callers = [
    await identity.authenticate(admin.token),
    await identity.authenticate(reader.token),
  ]
  assert.deepEqual(
    callers.map((caller) => [caller?.isAdmin, caller?.mayWrite, caller?.roles]),
    [
      [true, true, ['admin', 'member', 'reader']],
      [false, false, ['reader']],
    ],
  )
})

test('a scope is the project by id or name, or none', async (t) => {
  const { identity, accounts } = await house(t)
  const byId = { kind: 'project', project: { id: accounts.demo.projectId } } as const
  for (const scope of [byId, onProject('demo')]) {
    const { description } = await identity.signIn(byPassword('demo', undefined, scope))
    assert.equal(description.project?.id, accounts.demo.projectId)
  }
  const unscoped = await identity.signIn(byPassword('demo', undefined, { kind: 'unscoped' }))
  assert.equal(unscoped.description.project, null)
  const caller = await identity.authenticate(unscoped.token)
  assert.deepEqual([caller?.projectId, caller?.roles, caller?.mayWrite], [null, [], false])
})

test('every wrong sign-in is refused with the same words', async (t) => {
  const { identity, administration } = await house(t)
  await administration.addUser({ name: 'off', password: 'x', project: 'demo' })
  await administration.setUser('off', { enabled: false })
  const elsewhere = { name: 'demo', domain: { id: 'elsewhere' } }
  const requests = [
    byPassword('demo', 'wrong'),
    byPassword('nobody'),
    byPassword('off', 'x'),
    { ...byPassword('demo'), password: { user: elsewhere, password: 'x' } },
    byPassword('demo', undefined, onProject('admin')),
    byPassword('demo', undefined, onProject('no such project')),
    byPassword('demo', undefined, { kind: 'unattainable' }),
    byToken('ait_unknown'),
    { scope: { kind: 'default' }, address: '192.0.2.1' } as const,
  ]
  const messages = new Set<string>()
  for (const request of requests) {
    await assert.rejects(identity.signIn(request), (error) => {
      assert.ok(error instanceof SignInFault)
      assert.equal(error.code, 'credentials.refused')
      messages.add(error.message)
      return true
    })
  }
  assert.equal(messages.size, 1)
})

test('an unknown user costs the same computation as a wrong password', async (t) => {
  const { identity } = await house(t, false)
  const scrypt = t.mock.method(crypto, 'scrypt')
  syncBuiltinESMExports()
  t.after(() => {
    scrypt.mock.restore()
    syncBuiltinESMExports()
  })
  const costOf = async (name: string) => {
    scrypt.mock.resetCalls()
    await assert.rejects(identity.signIn(byPassword(name, 'wrong')), REFUSED)
    return scrypt.mock.calls.map(({ arguments: [password, salt, keyBytes, options] }) => {
      return { password, saltBytes: Buffer.from(salt as Buffer).length, keyBytes, options }
    })
  }
  const known = await costOf('demo')
  assert.equal(known.length, 1)
  assert.deepEqual(await costOf('nobody'), known)
})

test('a token made from a token keeps its expiry, its methods and its audit line', async (t) => {
  const { identity, clock } = await house(t)
  const first = await identity.signIn(byPassword('demo', undefined, { kind: 'unscoped' }))
  clock.nowMs += 60_000
  const second = await identity.signIn(byToken(first.token, onProject('demo')))
  const third = await identity.signIn(byToken(second.token, { kind: 'unscoped' }))
  assert.equal(second.description.expiresAtMs, first.description.expiresAtMs)
  assert.deepEqual(second.description.methods, ['password', 'token'])
  assert.equal(third.description.auditIds.length, 2)
  assert.equal(third.description.auditIds[1], first.description.auditIds[0])
})

test('a password and a token together must be of one user', async (t) => {
  const { identity } = await house(t)
  const { token } = await identity.signIn(byPassword('demo'))
  const both = await identity.signIn({ ...byPassword('demo'), token })
  assert.deepEqual(both.description.methods, ['password', 'token'])
  await assert.rejects(identity.signIn({ ...byPassword('admin'), token }), REFUSED)
})

test('a token ends with its lifetime, is swept, and was never stored as it is', async (t) => {
  const { identity, database, clock } = await house(t)
  const { token } = await identity.signIn(byPassword('demo'))
  const rows = () => database.prepare('SELECT * FROM token').all()
  assert.equal(JSON.stringify(rows()).includes(token), false)
  assert.equal(rows()[0]?.['hash'], hash('sha256', token, 'base64url'))
  clock.nowMs += TOKEN_LIFETIME_MS - 1000
  assert.ok(await identity.authenticate(token))
  clock.nowMs += 1000
  assert.equal(await identity.authenticate(token), undefined)
  assert.equal(await new LocalIdentity(database, clock).authenticate(token), undefined)
  await identity.signIn(byPassword('demo'))
  assert.equal(rows().length, 1)
})

test('a user with very many tokens loses the oldest, even those that are remembered', async (t) => {
  const { identity, database, clock, accounts } = await house(t)
  const oldest = await identity.signIn(byPassword('demo'))
  const other = await identity.signIn(byPassword('admin'))
  clock.nowMs += 1000
  const sql = `
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO token (hash, user_id, methods, audit_ids, issued_at_ms, expires_at_ms)
    SELECT 'many' || i, ?, 'password', 'audit', ?, ? FROM n`
  const { userId } = accounts.demo
  await database.write(() => {
    const expiresAtMs = clock.nowMs + TOKEN_LIFETIME_MS
    database.prepare(sql).run(TOKENS_PER_USER_MAX - 2, userId, clock.nowMs, expiresAtMs)
  })
  const count = () => database.prepare('SELECT count(*) AS n FROM token').get()?.['n']
  await identity.signIn(byToken(oldest.token))
  assert.equal(count(), TOKENS_PER_USER_MAX + 1)
  assert.ok(await identity.authenticate(oldest.token))
  clock.nowMs += 1000
  const newest = await identity.signIn(byPassword('demo'))
  assert.equal(count(), TOKENS_PER_USER_MAX * 0.9 + 2)
  assert.equal(await identity.authenticate(oldest.token), undefined)
  assert.ok(await identity.authenticate(newest.token))
  assert.ok(await identity.authenticate(other.token))
})

test('a revoked token is worth nothing, and only that one', async (t) => {
  const { identity } = await house(t)
  const first = await identity.signIn(byPassword('demo'))
  const second = await identity.signIn(byPassword('demo'))
  assert.ok(await identity.authenticate(first.token))
  assert.equal(await identity.revoke(first.token), true)
  assert.equal(await identity.revoke(first.token), false)
  assert.equal(await identity.authenticate(first.token), undefined)
  assert.ok(await identity.authenticate(second.token))
  await assert.rejects(identity.signIn(byToken(first.token)), REFUSED)
})

const REVOCATIONS: readonly (readonly [string, (by: Administration) => Promise<unknown>])[] = [
  ['a new password', (by) => by.setUser('ann', { password: 'new' })],
  ['disabling the user', (by) => by.setUser('ann', { enabled: false })],
  ['removing the user', (by) => by.removeUser('ann')],
  ['disabling the project', (by) => by.setProject('work', { enabled: false })],
  ['removing the project', (by) => by.removeProject('work')],
  ['revoking the role', (by) => by.revoke('ann', 'work', 'member')],
]

for (const [what, revoke] of REVOCATIONS) {
  test(`${what}, by another process, ends a remembered token at once`, async (t) => {
    const { identity, administration, openAgain } = await house(t)
    await administration.addProject({ name: 'work' })
    await administration.addUser({ name: 'ann', password: 'x', project: 'work' })
    const { token } = await identity.signIn(byPassword('ann', 'x'))
    const other = await identity.signIn(byPassword('demo'))
    assert.ok(await identity.authenticate(token))
    await revoke(new Administration(openAgain()))
    assert.equal(await identity.authenticate(token), undefined)
    assert.ok(await identity.authenticate(other.token))
  })
}

test('what was taken away does not come back with what is given again', async (t) => {
  const { identity, administration } = await house(t)
  const { token } = await identity.signIn(byPassword('demo'))
  await administration.setUser('demo', { enabled: false })
  await administration.setUser('demo', { enabled: true })
  assert.equal(await identity.authenticate(token), undefined)
})

test('a role granted by another process counts for tokens that are out already', async (t) => {
  const { identity, openAgain } = await house(t)
  const { token } = await identity.signIn(byPassword('demo'))
  assert.equal((await identity.authenticate(token))?.isAdmin, false)
  await new Administration(openAgain()).grant('demo', 'demo', 'admin')
  assert.equal((await identity.authenticate(token))?.isAdmin, true)
})

test('sign-ins and other writes leave remembered tokens remembered', async (t) => {
  const { identity, database } = await house(t)
  const { token } = await identity.signIn(byPassword('demo'))
  const before = await identity.describe(token)
  await identity.signIn(byPassword('admin'))
  await database.write(() => database.sqlite.exec('CREATE TABLE elsewhere (a)'))
  assert.equal(await identity.describe(token), before, 'not the same object, so it was read again')
})

test('a password changed while a sign-in is under way refuses that sign-in', async (t) => {
  const { identity, database } = await house(t, false)
  const signIn = assert.rejects(identity.signIn(byPassword('demo')), REFUSED)
  await database.write(() => {
    database.sqlite.exec(
      "UPDATE user SET password_hash = (SELECT password_hash FROM user WHERE name = 'admin')",
    )
  })
  await signIn
})

test('a token revoked while a sign-in with it is under way refuses that sign-in', async (t) => {
  const { identity } = await house(t, false)
  const { token } = await identity.signIn(byPassword('demo'))
  const signIn = assert.rejects(identity.signIn({ ...byPassword('demo'), token }), REFUSED)
  await identity.revoke(token)
  await signIn
})

test('projects of a user are the enabled ones with a role', async (t) => {
  const { identity, administration, accounts } = await house(t)
  await administration.addProject({ name: 'also' })
  await administration.addProject({ name: 'off' })
  for (const name of ['also', 'off']) await administration.grant('demo', name, 'reader')
  await administration.setProject('off', { enabled: false })
  const projects = await identity.projectsOf(accounts.demo.userId)
  assert.deepEqual(
    projects.map(({ name }) => name),
    ['also', 'demo'],
  )
})
