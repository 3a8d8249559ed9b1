import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceUser } from '../../../src/identity/keystone/service-token.ts'
import { type Choose, json, type SeenRequest, status } from '../../upstream/fake-upstream.ts'
import { EXPIRES_MS, refused, standKeystone, tokenDocument, valid } from './fake-keystone.ts'

const PASSWORD = 'service-secret'
const serviceUser: ServiceUser = {
  name: 'afterimage',
  password: PASSWORD,
  domainName: 'Default',
  projectName: 'service',
  projectDomainName: 'Default',
}

/** A Keystone that gives out `service-1`, `service-2`... and takes only what `isGood` says. */
function keystone(isGood: (token: string | undefined) => boolean, expires?: string): Choose {
  let given = 0
  return ({ method, headers }) => {
    if (method === 'GET') {
      if (!isGood(headers['x-auth-token'])) return refused(401)
      return headers['x-subject-token'] === 'unknown' ? refused(404) : valid()
    }
    given += 1
    const document = tokenDocument(expires === undefined ? {} : { expires_at: expires })
    return json(201, document, { 'x-subject-token': `service-${given}` })
  }
}

test('a service user signs in once and asks about every token', async (t) => {
  const { fake, identity } = await standKeystone(t, { serviceUser })
  fake.behave(keystone((token) => token === 'service-1'))
  const callers = await Promise.all(['a', 'b', 'c'].map((token) => identity.authenticate(token)))
  assert.deepEqual(
    callers.map((caller) => caller?.userId),
    ['user-1', 'user-1', 'user-1'],
  )
  assert.equal(await identity.authenticate('unknown'), undefined)
  const signIns = fake.requests.filter(({ method }) => method === 'POST')
  assert.equal(signIns.length, 1)
  const { auth } = JSON.parse(signIns[0]?.body ?? '')
  assert.deepEqual(auth.identity.password.user, {
    name: 'afterimage',
    password: PASSWORD,
    domain: { name: 'Default' },
  })
  assert.equal(auth.scope.project.name, 'service')
  const asked = fake.requests.filter(({ method }) => method === 'GET')
  assert.deepEqual(
    asked.map(({ headers }) => headers['x-subject-token']),
    ['a', 'b', 'c', 'unknown'],
  )
})

test('a revoked service token is renewed once for all who met it, and they are answered', async (t) => {
  const { fake, identity } = await standKeystone(t, { serviceUser })
  let good = 'service-1'
  fake.behave(keystone((token) => token === good))
  await identity.authenticate('a')
  good = 'service-2'
  const callers = await Promise.all(['b', 'c', 'd'].map((token) => identity.authenticate(token)))
  assert.ok(callers.every((caller) => caller?.userId === 'user-1'))
  assert.equal(fake.requests.filter(({ method }) => method === 'POST').length, 2)
})

test('the service token is renewed a minute before it expires', async (t) => {
  const { fake, identity, clock } = await standKeystone(t, { serviceUser })
  fake.behave(keystone(() => true))
  await identity.authenticate('a')
  clock.nowMs = EXPIRES_MS - 60_001
  await identity.authenticate('b')
  assert.equal(fake.requests.at(-1)?.headers['x-auth-token'], 'service-1')
  clock.nowMs = EXPIRES_MS - 60_000
  await identity.authenticate('c')
  assert.equal(fake.requests.at(-1)?.headers['x-auth-token'], 'service-2')
})

test('a refused service user is trouble, never a refusal of the caller, and not tried at once again', async (t) => {
  const { fake, identity, clock } = await standKeystone(t, { serviceUser })
  fake.behave(refused(401))
  const check = (error: Error & { kind?: string }) => {
    assert.equal(error.name, 'IdentityUnavailable')
    assert.equal(error.kind, 'unavailable')
    assert.match(error.message, /refuses the service user "afterimage"/)
    assert.ok(!error.message.includes(PASSWORD))
    return true
  }
  await assert.rejects(identity.authenticate('a'), check)
  await assert.rejects(identity.authenticate('b'), check)
  assert.equal(fake.requests.length, 1)
  clock.nowMs += 10_000
  fake.behave(keystone(() => true))
  assert.ok(await identity.authenticate('a'))
})

test('a service token that is refused even when new, or may not validate, is trouble', async (t) => {
  const { fake, identity } = await standKeystone(t, { serviceUser })
  fake.behave(keystone(() => false))
  await assert.rejects(identity.authenticate('a'), /refuses the service user's new token/)
  fake.behave(({ method }: SeenRequest) =>
    method === 'GET' ? status(403) : json(201, tokenDocument(), { 'x-subject-token': 's' }),
  )
  await assert.rejects(identity.authenticate('a'), /does not let the service user validate/)
})

test('a sign-in without a token or with a strange answer is trouble', async (t) => {
  const { fake, identity } = await standKeystone(t, { serviceUser })
  fake.behave(json(201, tokenDocument()))
  await assert.rejects(identity.authenticate('a'), { kind: 'invalid' })
  fake.behave(json(201, {}, { 'x-subject-token': 's' }))
  await assert.rejects(identity.authenticate('a'), { kind: 'invalid' })
  fake.behave(status(500))
  await assert.rejects(identity.authenticate('a'), { kind: 'unavailable' })
})
