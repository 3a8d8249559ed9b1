import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Running } from '../../../src/server/serve.ts'
import { startRunning } from '../running.ts'
import { ask, type Bytes, CODINGS, decoded, type Sent } from './ask.ts'

/** The whole product, with more images than fit into a small answer. */

const IMAGES = 60

const folders: string[] = []
const all: Running[] = []
let served: Running
let token: string
let project: string
let image: string

async function start(flags = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-compression-'))
  folders.push(folder)
  const started = await startRunning(folder, flags)
  all.push(started.running)
  return started
}

before(async () => {
  const started = await start()
  served = started.running
  token = started.token
  project = started.project
  for (let i = 0; i < IMAGES; i += 1) image = await makeImage(`image ${i}`)
})
after(async () => {
  for (const running of all) await running.close()
  for (const folder of folders) await rm(folder, { recursive: true })
})

async function makeImage(name: string): Promise<string> {
  const properties = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`property_${i}`, `value ${i} of ${name}`]),
  )
  const { status, bytes } = await asked(`${served.urls.image}/v2/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      disk_format: 'raw',
      container_format: 'bare',
      ...properties,
    }),
  })
  assert.equal(status, 201, bytes.toString())
  return (JSON.parse(bytes.toString()) as { id: string }).id
}

function asked(url: string, { headers = {}, ...sent }: Sent = {}): Promise<Bytes> {
  return ask(url, { ...sent, headers: { 'x-auth-token': token, ...headers } })
}

/** Headers that are the same for the same answer. */
function lasting({ headers }: Bytes) {
  const changing = /^(?:date|x-(?:openstack|compute)-request-id)$/
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !changing.test(name)))
}

const LARGE: readonly [what: string, url: () => string][] = [
  ['a list of Compute', () => `${served.urls.compute}/v2.1/${project}/images/detail`],
  ['a brief list of Compute', () => `${served.urls.compute}/v2/${project}/images?limit=30`],
  ['an image of Compute', () => `${served.urls.compute}/v2.1/${project}/images/${image}`],
  ['the page about the end', () => `${served.urls.compute}/deprecation`],
  ['a list of the Image API', () => `${served.urls.image}/v2/images?limit=50`],
  ['an image of the Image API', () => `${served.urls.image}/v2/images/${image}`],
  ['a schema', () => `${served.urls.image}/v2/schemas/images`],
  ['a list of IMS', () => `${served.urls.image}/v2/cloudimages?limit=50`],
  ['a service catalogue', () => `${served.urls.identity}/v3/auth/catalog`],
]

for (const [what, url] of LARGE) {
  test(`${what} is compressed for who asks, and is the same when decoded`, async () => {
    const plain = await asked(url())
    assert.equal(plain.status, 200, plain.bytes.toString())
    assert.ok(plain.bytes.length > 1024, `${plain.bytes.length} bytes`)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.match(String(plain.headers['vary']), /(?:^|, )Accept-Encoding$/)
    const { 'content-length': _, ...plainHeaders } = lasting(plain)
    for (const coding of [...CODINGS, ...CODINGS]) {
      const headers = { 'accept-encoding': coding }
      const small = await asked(url(), { headers })
      const { 'content-length': length, ...smallHeaders } = lasting(small)
      assert.deepEqual(smallHeaders, { ...plainHeaders, 'content-encoding': coding })
      assert.equal(length, String(small.bytes.length))
      assert.ok(small.bytes.length < plain.bytes.length)
      assert.ok(decoded(small).equals(plain.bytes))
      const head = await asked(url(), { method: 'HEAD', headers })
      assert.equal(head.bytes.length, 0)
      assert.deepEqual(lasting(head), lasting(small))
    }
  })
}

const FAULTS: readonly [what: string, status: number, url: () => string, headers?: object][] = [
  ['an unknown image of Compute', 404, () => `${served.urls.compute}/v2.1/${project}/images/none`],
  [
    'a bad filter of Compute',
    400,
    () => `${served.urls.compute}/v2.1/${project}/images?status=deleted`,
  ],
  ['an unknown image of the Image API', 404, () => `${served.urls.image}/v2/images/${project}`],
  ['a bad filter of IMS', 400, () => `${served.urls.image}/v2/cloudimages?__imagetype=silver`],
  [
    'no token for Compute',
    401,
    () => `${served.urls.compute}/v2.1/${project}/images`,
    { 'x-auth-token': '' },
  ],
  [
    'no token for the Image API',
    401,
    () => `${served.urls.image}/v2/images`,
    { 'x-auth-token': '' },
  ],
  [
    'no token for the Identity API',
    401,
    () => `${served.urls.identity}/v3/auth/catalog`,
    { 'x-auth-token': '' },
  ],
]

for (const [what, status, url, given] of FAULTS) {
  test(`the fault of ${what} is small, so only who refuses plain answers gets another (${status})`, async () => {
    const plain = await asked(url(), { headers: { 'accept-encoding': 'gzip', ...given } })
    assert.equal(plain.status, status)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.match(String(plain.headers['vary']), /Accept-Encoding/)
    const headers = { 'accept-encoding': 'gzip, identity;q=0', ...given }
    const small = await asked(url(), { headers })
    assert.equal(small.status, status)
    assert.equal(small.headers['content-encoding'], 'gzip')
    assert.ok(decoded(small).equals(plain.bytes))
  })
}

const EVERYTHING = { 'accept-encoding': 'gzip, br, zstd, *, identity;q=0' }

function assertPlain({ headers }: Bytes) {
  assert.equal(headers['content-encoding'], undefined)
  assert.doesNotMatch(String(headers['vary']), /Accept-Encoding/)
}

test('image data is never compressed, however well it would compress', async () => {
  const id = await makeImage('with data')
  const url = `${served.urls.image}/v2/images/${id}/file`
  const data = Buffer.alloc(300_000, 'data ')
  const headers = { 'content-type': 'application/octet-stream' }
  assert.equal((await asked(url, { method: 'PUT', body: data, headers })).status, 204)
  const whole = await asked(url, { headers: EVERYTHING })
  assertPlain(whole)
  assert.equal(whole.headers['content-length'], '300000')
  assert.ok(whole.bytes.equals(data))
  const part = await asked(url, { headers: { ...EVERYTHING, range: 'bytes=10-5009' } })
  assert.equal(part.status, 206)
  assertPlain(part)
  assert.ok(part.bytes.equals(data.subarray(10, 5010)))
  assertPlain(await asked(url, { method: 'HEAD', headers: EVERYTHING }))
})

test('answers about tokens and new secrets are never compressed', async () => {
  const json = { 'content-type': 'application/json' }
  const user = { name: 'demo', domain: { id: 'default' }, password: 'correct horse' }
  const signIn = { auth: { identity: { methods: ['password'], password: { user } } } }
  const passwordCredentials = { username: 'demo', password: 'correct horse' }
  const signInV2 = { auth: { passwordCredentials, tenantName: 'demo' } }
  const { identity } = served.urls
  const post = (path: string, body: unknown) =>
    asked(identity + path, {
      method: 'POST',
      headers: { ...json, ...EVERYTHING },
      body: JSON.stringify(body),
    })
  const signedIn = await post('/v3/auth/tokens', signIn)
  const { id } = JSON.parse(signedIn.bytes.toString()).token.user
  const credential = { name: 'ci', description: 'x'.repeat(1024) }
  const newCredential = { application_credential: credential }
  for (const [answer, status] of [
    [signedIn, 201],
    [await post(`/v3/users/${id}/application_credentials`, newCredential), 201],
    [await post('/v2.0/tokens', signInV2), 200],
    [await post('/v3/auth/tokens', {}), 400],
    [
      await asked(`${identity}/v3/auth/tokens`, {
        headers: { ...EVERYTHING, 'x-subject-token': token },
      }),
      200,
    ],
  ] as const) {
    assert.equal(answer.status, status, answer.bytes.toString())
    if (status !== 400) assert.ok(answer.bytes.length > 1024, `${answer.bytes.length} bytes`)
    assertPlain(answer)
    assert.equal(typeof JSON.parse(answer.bytes.toString()), 'object')
  }
})

test('a compressed answer is of the catalogue as it is', async () => {
  const url = `${served.urls.compute}/v2.1/${project}/images`
  const headers = { 'accept-encoding': 'zstd' }
  const names = async () => {
    const list = JSON.parse(decoded(await asked(url, { headers })).toString())
    return (list as { images: { name: string }[] }).images.map(({ name }) => name)
  }
  const before = await names()
  assert.deepEqual(await names(), before)
  await makeImage('made last')
  // Those of one second are in the order of their ids, which are random.
  assert.deepEqual((await names()).toSorted(), [...before, 'made last'].toSorted())
})

test('an answer that shows the secret of an application credential is never compressed', async () => {
  const { identity } = served.urls
  const about = await asked(`${identity}/v3/auth/tokens`, { headers: { 'x-subject-token': token } })
  const { user } = (JSON.parse(about.bytes.toString()) as { token: { user: { id: string } } }).token
  const url = `${identity}/v3/users/${user.id}/application_credentials`
  const made = await asked(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...EVERYTHING },
    body: JSON.stringify({
      application_credential: { name: 'robot', description: 'x'.repeat(255) },
    }),
  })
  assert.equal(made.status, 201, made.bytes.toString())
  assert.match(made.bytes.toString(), /"secret":/)
  assertPlain(made)
})

test('switched off, nothing is compressed and Vary is as it was', async () => {
  const off = await start({ compression: 'false' })
  for (const url of [
    `${off.running.urls.compute}/deprecation`,
    `${off.running.urls.image}/v2/schemas/images`,
    `${off.running.urls.identity}/v3/auth/catalog`,
  ]) {
    const answer = await ask(url, { headers: { 'x-auth-token': off.token, ...EVERYTHING } })
    assert.equal(answer.status, 200)
    assert.ok(answer.bytes.length > 1024)
    assertPlain(answer)
  }
})
