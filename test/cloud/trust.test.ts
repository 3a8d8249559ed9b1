import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Choose, json, status } from '../upstream/fake-upstream.ts'
import { goodKeystone, IMAGE_ID, startStand, TOKEN, tokenDocument } from './stand.ts'

/** For 127.0.0.1 and localhost. */
const path = (name: string) => fileURLToPath(new URL(`../upstream/tls/${name}`, import.meta.url))
const tls = {
  key: readFileSync(path('server.key'), 'utf8'),
  cert: readFileSync(path('server.pem'), 'utf8'),
}

test('a Glance and a Keystone behind TLS are trusted by a CA file, and not without', async (t) => {
  const flags = { 'upstream.caFile': path('ca.pem') }
  await using trusting = await startStand(t, { tls, flags })
  const listed = await trusting.ask('images/detail')
  assert.equal(listed.status, 200, listed.text)
  assert.ok(listed.text.includes(IMAGE_ID))
  assert.ok(trusting.glance.url.startsWith('https:') && trusting.keystone.url.startsWith('https:'))
  await using other = await startStand(t, { tls })
  const refused = await other.ask('images/detail')
  assert.equal(refused.status, 503, refused.text)
  assert.notEqual(refused.headers.get('retry-after'), null)
  assert.deepEqual([other.glance.requests, other.keystone.requests], [[], []])
  assert.match(other.log.join(''), /certificate/)
})

const PASSWORD = 'password-of-the-service'
const SERVICE_TOKEN = 'token-of-the-service'

/** Only the service user may ask about tokens. */
const strictKeystone: Choose = (request) => {
  const { method, headers } = request
  if (method === 'POST') return json(201, tokenDocument(), { 'x-subject-token': SERVICE_TOKEN })
  return headers['x-auth-token'] === SERVICE_TOKEN ? goodKeystone(request) : status(403)
}

test('a service user asks Keystone about callers, whose own tokens go to Glance', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-trust-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
  const flags = {
    'keystone.serviceUser': 'afterimage',
    'keystone.serviceUserDomain': 'Service',
    'keystone.servicePasswordFile': passwordFile,
  }
  await using stand = await startStand(t, { flags })
  stand.keystone.behave(strictKeystone)
  assert.equal((await stand.ask('images/detail')).status, 200)
  const unknown = { headers: { 'x-auth-token': 'of-nobody' } }
  assert.equal((await stand.ask('images/detail', unknown)).status, 401)
  const [signIn, ...asked] = stand.keystone.requests
  const { user } = JSON.parse(signIn?.body ?? '').auth.identity.password
  const domain = { name: 'Service' }
  assert.deepEqual(user, { name: 'afterimage', domain, password: PASSWORD })
  assert.deepEqual(
    asked.map(({ headers }) => [headers['x-auth-token'], headers['x-subject-token']]),
    [
      [SERVICE_TOKEN, TOKEN],
      [SERVICE_TOKEN, 'of-nobody'],
    ],
  )
  assert.deepEqual(
    stand.glance.requests.map(({ headers }) => headers['x-auth-token']),
    [TOKEN],
  )
  for (const secret of [PASSWORD, SERVICE_TOKEN, TOKEN]) {
    assert.equal(stand.log.join('').includes(secret), false)
  }
})

test('without one, a Keystone that lets callers ask about nothing is trouble, and is said', async (t) => {
  await using stand = await startStand(t)
  stand.keystone.behave(strictKeystone)
  const answer = await stand.ask('images/detail')
  assert.equal(answer.status, 503, answer.text)
  assert.match(stand.log.join(''), /policy does not let a caller validate tokens/)
})
