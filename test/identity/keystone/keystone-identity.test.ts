import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdentityUnavailable } from '../../../src/identity/identity.ts'
import {
  after,
  type Behaviour,
  flood,
  garbage,
  hang,
  hangInBody,
  json,
  redirect,
  resetAtOnce,
  status,
  text,
} from '../../upstream/fake-upstream.ts'
import {
  EXPIRES_MS,
  endpoint,
  HASTY,
  refused,
  standKeystone,
  tokenDocument,
  valid,
} from './fake-keystone.ts'

async function troubleOf(asked: Promise<unknown>): Promise<IdentityUnavailable> {
  try {
    await asked
  } catch (error) {
    const trouble = error as IdentityUnavailable
    assert.equal(trouble.name, 'IdentityUnavailable', String(trouble.stack))
    assert.ok(!trouble.message.includes('token-1'))
    return trouble
  }
  assert.fail('there was an answer')
}

test('a token is validated with itself, and its catalogue says where the images are', async (t) => {
  const { fake, identity } = await standKeystone(t)
  assert.deepEqual(await identity.authenticate('token-1', 'req-7'), {
    userId: 'user-1',
    userName: 'demo',
    projectId: 'project-1',
    roles: ['member', 'reader'],
    isAdmin: false,
    mayWrite: true,
    expiresAtMs: EXPIRES_MS,
    imageUrl: 'http://images.one:9292',
  })
  const [seen] = fake.requests
  assert.deepEqual([seen?.method, seen?.path, seen?.query], ['GET', '/v3/auth/tokens', ''])
  assert.equal(seen?.headers['x-auth-token'], 'token-1')
  assert.equal(seen?.headers['x-subject-token'], 'token-1')
  assert.equal(seen?.headers['x-openstack-request-id'], 'req-7')
})

test('the image endpoint is the public one of the configured region, and no other', async (t) => {
  const two = await standKeystone(t, { region: 'RegionTwo' })
  assert.equal((await two.identity.authenticate('x'))?.imageUrl, 'https://two.example/image')
  const none = await standKeystone(t, { region: 'RegionThree' })
  assert.equal((await none.identity.authenticate('x'))?.imageUrl, undefined)
})

const SCOPES = [
  ['unscoped', { project: undefined, roles: undefined, catalog: undefined }, null, []],
  ['for a domain', { project: undefined, domain: { id: 'default' } }, null, ['member', 'reader']],
  ['for the system', { project: undefined, system: { all: true } }, null, ['member', 'reader']],
  ['of a trust', { 'OS-TRUST:trust': { id: 't' } }, 'project-1', ['member', 'reader']],
  [
    'of an application credential',
    { methods: ['application_credential'] },
    'project-1',
    ['member', 'reader'],
  ],
] as const

for (const [what, over, projectId, roles] of SCOPES) {
  test(`a token ${what} is a caller with the project and roles that Keystone says`, async (t) => {
    const { fake, identity } = await standKeystone(t)
    fake.behave(valid(over))
    const caller = await identity.authenticate('x')
    assert.deepEqual([caller?.projectId, caller?.roles], [projectId, roles])
  })
}

test('the role admin makes admin, in any case', async (t) => {
  const { fake, identity } = await standKeystone(t)
  for (const [name, isAdmin] of [
    ['admin', true],
    ['Admin', true],
    ['administrator', false],
  ] as const) {
    fake.behave(valid({ roles: [{ name }] }))
    assert.equal((await identity.authenticate(`x-${name}`))?.isAdmin, isAdmin)
  }
})

test('an administrator who is not of the admin project is one of the own project', async (t) => {
  const { fake, identity } = await standKeystone(t)
  for (const [token, said, isProjectAdmin] of [
    ['unsaid', {}, undefined],
    ['of-all', { is_admin_project: true }, undefined],
    ['of-one', { is_admin_project: false }, true],
  ] as const) {
    fake.behave(valid({ roles: [{ name: 'admin' }], ...said }))
    assert.equal((await identity.authenticate(token))?.isProjectAdmin, isProjectAdmin)
  }
})

test('what is known holds for 300 s, also while Keystone is down, and then is asked again', async (t) => {
  const { fake, identity, clock } = await standKeystone(t)
  await identity.authenticate('token-1')
  await fake.stop()
  clock.nowMs += 299_999
  assert.equal((await identity.authenticate('token-1'))?.userId, 'user-1')
  const other = await troubleOf(identity.authenticate('token-12'))
  assert.equal(other.kind, 'unavailable')
  clock.nowMs += 1
  assert.equal((await troubleOf(identity.authenticate('token-1'))).kind, 'unavailable')
  await fake.start()
  fake.behave(refused())
  assert.equal(await identity.authenticate('token-1'), undefined)
})

test('no token is believed past its expiry, by either clock', async (t) => {
  const { fake, identity, clock } = await standKeystone(t)
  clock.nowMs = EXPIRES_MS - 1000
  assert.ok(await identity.authenticate('token-1'))
  clock.nowMs = EXPIRES_MS
  assert.equal(await identity.authenticate('token-1'), undefined)
  assert.equal(fake.requests.length, 2)
})

test('a refused token is remembered for 10 s', async (t) => {
  for (const code of [401, 404]) {
    const { fake, identity, clock } = await standKeystone(t)
    fake.behave(refused(code))
    assert.equal(await identity.authenticate('token-1'), undefined)
    fake.behave(valid())
    clock.nowMs += 9_999
    assert.equal(await identity.authenticate('token-1'), undefined)
    assert.equal(fake.requests.length, 1)
    clock.nowMs += 1
    assert.ok(await identity.authenticate('token-1'))
  }
})

test('callers who come at once with one token share one look-up, of one who fails too', async (t) => {
  const { fake, identity } = await standKeystone(t)
  fake.behave(after(20, valid()))
  const callers = await Promise.all(Array.from({ length: 20 }, () => identity.authenticate('a')))
  assert.equal(fake.requests.length, 1)
  assert.equal(new Set(callers).size, 1)
  fake.behave(after(20, status(500)))
  const failed = await Promise.allSettled([identity.authenticate('b'), identity.authenticate('b')])
  assert.deepEqual(
    failed.map((outcome) => outcome.status),
    ['rejected', 'rejected'],
  )
  assert.equal(fake.requests.length, 2)
  fake.behave(valid())
  assert.ok(await identity.authenticate('b'))
})

test('a forgotten token is asked about again, also when its answer was on the way', async (t) => {
  const { fake, identity } = await standKeystone(t)
  await identity.authenticate('token-1')
  identity.forget('token-1')
  fake.behave(after(30, valid()))
  const early = identity.authenticate('token-1')
  while (fake.requests.length < 2) await new Promise(setImmediate)
  identity.forget('token-1')
  fake.behave(refused())
  assert.equal(await identity.authenticate('token-1'), undefined)
  assert.ok(await early)
  assert.equal(await identity.authenticate('token-1'), undefined)
  assert.equal(fake.requests.length, 3)
})

test('several kilobytes of token work; what no header can carry, or nobody would send, is unknown', async (t) => {
  const { fake, identity } = await standKeystone(t)
  const long = 'x'.repeat(7_000)
  assert.ok(await identity.authenticate(long))
  assert.equal(fake.requests[0]?.headers['x-subject-token'], long)
  for (const token of ['a\nb', 'a\0', 'ključ', 'x'.repeat(32 * 1024 + 1), '']) {
    assert.equal(await identity.authenticate(token), undefined)
  }
  assert.equal(fake.requests.length, 1)
})

test('a token that Keystone cannot even read is unknown, and not remembered', async (t) => {
  const { fake, identity } = await standKeystone(t)
  for (const code of [400, 413, 414, 431]) {
    fake.behave(status(code))
    assert.equal(await identity.authenticate(`x${code}`), undefined)
    fake.behave(valid())
    assert.ok(await identity.authenticate(`x${code}`))
  }
})

const TROUBLES: readonly (readonly [string, Behaviour, string])[] = [
  ['a reset', resetAtOnce(), 'unavailable'],
  ['no answer', hang(), 'timeout'],
  ['half an answer', hangInBody(), 'timeout'],
  ['500', status(500), 'unavailable'],
  ['503', status(503), 'unavailable'],
  ['429', status(429), 'unavailable'],
  ['403', status(403), 'unavailable'],
  ['a redirect', redirect('http://127.0.0.1/v3'), 'invalid'],
  ['300', json(300, {}), 'invalid'],
  ['204', text(204, ''), 'invalid'],
  ['HTML', text(200, '<html>'), 'invalid'],
  ['broken JSON', text(200, '{"token": {'), 'invalid'],
  ['no HTTP', garbage(), 'invalid'],
  ['1 GiB', flood(), 'invalid'],
  ['nothing', text(200, ''), 'invalid'],
  ['null', text(200, 'null'), 'invalid'],
  ['a list', text(200, '[]'), 'invalid'],
  ['an empty document', json(200, {}), 'invalid'],
  ['a token that is text', json(200, { token: 'x' }), 'invalid'],
  ['no user', valid({ user: undefined }), 'invalid'],
  ['a user whose id is a number', valid({ user: { id: 7 } }), 'invalid'],
  ['no expiry', valid({ expires_at: undefined }), 'invalid'],
  ['an expiry that is no time', valid({ expires_at: 'soon' }), 'invalid'],
  ['an expiry that is a number', valid({ expires_at: 7 }), 'invalid'],
  ['a project without an id', valid({ project: {} }), 'invalid'],
  ['a project that is text', valid({ project: 'demo' }), 'invalid'],
  ['roles that are text', valid({ roles: 'admin' }), 'invalid'],
  ['a role without a name', valid({ roles: [{ id: 'r' }] }), 'invalid'],
]

for (const [what, behaviour, kind] of TROUBLES) {
  test(`${what} from Keystone is "${kind}", is not remembered, and is over with its cause`, async (t) => {
    const { fake, identity, upstream } = await standKeystone(t, {}, kind === 'timeout' ? HASTY : {})
    fake.behave(behaviour)
    const startMs = performance.now()
    assert.equal((await troubleOf(identity.authenticate('token-1'))).kind, kind)
    assert.ok(performance.now() - startMs < 1000)
    assert.equal(upstream.stats().running, 0)
    fake.behave(valid())
    assert.equal((await identity.authenticate('token-1'))?.userId, 'user-1')
  })
}

test('Retry-After is handed on', async (t) => {
  const { fake, identity } = await standKeystone(t)
  for (const code of [429, 503]) {
    fake.behave(status(code, { 'retry-after': '17' }))
    assert.equal((await troubleOf(identity.authenticate('token-1'))).retryAfterS, 17)
  }
})

const ODD_CATALOGUES: readonly (readonly [string, unknown])[] = [
  ['is missing', undefined],
  ['is null', null],
  ['is text', 'x'],
  ['is an object', {}],
  ['holds anything', [null, 7, 'x', [], {}]],
  ['has endpoints that are none', [{ type: 'image', endpoints: 'x' }]],
  ['has odd endpoints', [{ type: 'image', endpoints: [null, 7, {}, { interface: 'public' }] }]],
  [
    'has a number for an address',
    [{ type: 'image', endpoints: [{ interface: 'public', url: 7 }] }],
  ],
  ['has no address in it', [{ type: 'image', endpoints: [endpoint('RegionOne', 'not a url')] }]],
  ['has a file in it', [{ type: 'image', endpoints: [endpoint('RegionOne', 'file:///etc/x')] }]],
  [
    'has only internal ones',
    [{ type: 'image', endpoints: [endpoint('R', 'http://i', 'internal')] }],
  ],
]

for (const [what, catalog] of ODD_CATALOGUES) {
  test(`a catalogue that ${what} costs no more than the links`, async (t) => {
    const { fake, identity } = await standKeystone(t)
    fake.behave(valid({ catalog }))
    const caller = await identity.authenticate('token-1')
    assert.deepEqual([caller?.userId, caller?.imageUrl], ['user-1', undefined])
  })
}

test('an image address loses its version and slashes, and keeps its path', async (t) => {
  const { fake, identity } = await standKeystone(t)
  for (const [url, base] of [
    ['http://g:9292', 'http://g:9292'],
    ['http://g:9292/', 'http://g:9292'],
    ['http://g:9292/v2.1//', 'http://g:9292'],
    ['https://g/image/v2', 'https://g/image'],
    ['https://g/v2image', 'https://g/v2image'],
  ] as const) {
    fake.behave(valid({ catalog: [{ type: 'image', endpoints: [endpoint('R', url)] }] }))
    assert.equal((await identity.authenticate(url))?.imageUrl, base)
  }
})

test('more tokens than are remembered push out the one used longest ago', async (t) => {
  const { fake, identity } = await standKeystone(t)
  const document = JSON.stringify(tokenDocument())
  fake.behave(text(200, document))
  await identity.authenticate('first')
  await identity.authenticate('second')
  for (let i = 0; i < 9_999; i += 32) {
    const batch = Array.from({ length: Math.min(32, 9_999 - i) }, (_, j) => `t${i + j}`)
    await Promise.all(batch.map((token) => identity.authenticate(token)))
    await identity.authenticate('first')
  }
  const before = fake.requests.length
  await identity.authenticate('first')
  assert.equal(fake.requests.length, before)
  await identity.authenticate('second')
  assert.equal(fake.requests.length, before + 1)
})
