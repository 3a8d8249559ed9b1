import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, status } from '../upstream/fake-upstream.ts'
import {
  type Answer,
  IMAGE_ID,
  PROJECT,
  PUBLIC_IMAGE,
  startStand,
  TOKEN,
  tokenDocument,
} from './stand.ts'

const WARN = 40

interface Line {
  readonly level: number
  readonly code?: string
  readonly reqId?: string
  readonly requestId?: string
  readonly upstreamRequestId?: string
}

interface Listed {
  readonly images: readonly {
    readonly id: string
    readonly links: readonly { readonly rel: string; readonly href: string }[]
  }[]
}

function successorOf({ headers }: { readonly headers: Headers }): string | undefined {
  return /<([^>]*)>; rel="successor-version"/.exec(headers.get('link') ?? '')?.[1]
}

function linksOf({ json }: Answer): Readonly<Record<string, string>> {
  const [image] = (json as Listed).images
  return Object.fromEntries((image?.links ?? []).map(({ rel, href }) => [rel, href]))
}

test('a list comes from Glance, asked with the token and the request id of the caller', async (t) => {
  await using stand = await startStand(t)
  const requestId = 'req-00000000-0000-4000-8000-00000000000a'
  const answer = await stand.ask('images/detail', {
    headers: { 'x-openstack-request-id': requestId },
  })
  assert.equal(answer.status, 200, answer.text)
  assert.equal((answer.json as Listed).images[0]?.id, IMAGE_ID)
  const [asked] = stand.glance.requests
  assert.equal(asked?.headers['x-auth-token'], TOKEN)
  assert.equal(asked?.headers['x-openstack-request-id'], requestId)
  const [validated] = stand.keystone.requests
  assert.equal(validated?.headers['x-auth-token'], TOKEN)
  assert.equal(validated?.headers['x-openstack-request-id'], requestId)
  assert.match(String(answer.headers.get('x-compute-request-id')), /^req-/)
})

test("what a caller makes up for a request id goes nowhere: ours is the one in Glance's log", async (t) => {
  await using stand = await startStand(t)
  const answer = await stand.ask('images', { headers: { 'x-openstack-request-id': 'req-x' } })
  const [asked] = stand.glance.requests
  assert.equal(
    asked?.headers['x-openstack-request-id'],
    answer.headers.get('x-openstack-request-id'),
  )
})

test("alternate links begin with the public image endpoint of the caller's own catalogue", async (t) => {
  await using stand = await startStand(t)
  const answer = await stand.ask('images/detail')
  const { self, bookmark, alternate } = linksOf(answer)
  assert.equal(alternate, `${PUBLIC_IMAGE}/${PROJECT}/images/${IMAGE_ID}`)
  assert.equal(self, `${stand.running.url}/v2.1/${PROJECT}/images/${IMAGE_ID}`)
  assert.equal(bookmark, `${stand.running.url}/${PROJECT}/images/${IMAGE_ID}`)
  assert.equal(successorOf(answer), `${PUBLIC_IMAGE}/v2/images`)
})

test('alternate links begin with the configured address, if there is one', async (t) => {
  for (const url of ['http://i.test/x', 'http://i.test/x/v2']) {
    await using stand = await startStand(t, { flags: { 'image.publicUrl': url } })
    const answer = await stand.ask('images/detail')
    assert.equal(linksOf(answer)['alternate'], `http://i.test/x/${PROJECT}/images/${IMAGE_ID}`)
    assert.equal(successorOf(answer), 'http://i.test/x/v2/images')
  }
})

test('without a public image endpoint no internal address is told, in links or headers', async (t) => {
  await using stand = await startStand(t)
  const endpoints = [{ interface: 'internal', url: 'http://image.internal.test' }]
  const catalog = [{ type: 'image', endpoints }]
  stand.keystone.behave(json(200, tokenDocument({ catalog })))
  for (const path of ['images/detail', 'images', `images/${IMAGE_ID}`]) {
    const answer = await stand.ask(path)
    const { host } = new URL(stand.glance.url)
    assert.equal(answer.status, 200)
    assert.ok(!answer.text.includes(host) && !answer.text.includes('internal'), answer.text)
    assert.equal(successorOf(answer), undefined)
    assert.ok(!String(answer.headers.get('link')).includes(host))
    assert.match(String(answer.headers.get('deprecation')), /^@/)
  }
  const { alternate, bookmark } = linksOf(await stand.ask('images/detail'))
  assert.equal(alternate, bookmark)
})

test('the region decides whose image endpoint is linked to', async (t) => {
  await using stand = await startStand(t, { flags: { region: 'two' } })
  const endpoint = (region: string) => ({
    interface: 'public',
    region,
    url: `http://${region}.test`,
  })
  const catalog = [{ type: 'image', endpoints: [endpoint('one'), endpoint('two')] }]
  stand.keystone.behave(json(200, tokenDocument({ catalog })))
  const { alternate } = linksOf(await stand.ask('images/detail'))
  assert.equal(alternate, `http://two.test/${PROJECT}/images/${IMAGE_ID}`)
})

test('a 401 names the Keystone, and the public address of it where that is known', async (t) => {
  await using plain = await startStand(t)
  const refused = await plain.ask('images', { headers: { 'x-auth-token': 'nobody' } })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), `Keystone uri="${plain.keystone.url}/v3"`)
  await using known = await startStand(t, { flags: { 'identity.publicUrl': 'http://id.test/v3' } })
  const other = await known.ask('images', { headers: { 'x-auth-token': 'nobody' } })
  assert.equal(other.headers.get('www-authenticate'), 'Keystone uri="http://id.test/v3"')
  assert.equal(known.glance.requests.length, 0)
})

test('the project in the URL must be the one Keystone says', async (t) => {
  await using stand = await startStand(t)
  const answer = await stand.ask('/v2.1/abc123/images')
  assert.equal(answer.status, 400)
  assert.equal(stand.glance.requests.length, 0)
})

test('who may write is left to Glance', async (t) => {
  await using stand = await startStand(t)
  stand.keystone.behave(json(200, tokenDocument({ roles: [{ name: 'reader' }] })))
  const answer = await stand.ask(`images/${IMAGE_ID}`, { method: 'DELETE' })
  assert.equal(answer.status, 204)
  assert.equal(stand.glance.requests.at(-1)?.method, 'DELETE')
})

test('a token that Glance refuses is a 401, and Keystone is asked about it anew', async (t) => {
  await using stand = await startStand(t)
  await stand.ask('images')
  await stand.ask('images')
  assert.equal(stand.keystone.requests.length, 1)
  stand.glance.behave(status(401))
  for (const path of ['images/detail', `images/${IMAGE_ID}`]) {
    const answer = await stand.ask(path)
    assert.equal(answer.status, 401)
    assert.equal(
      answer.text,
      '{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}',
    )
    assert.equal(answer.headers.get('www-authenticate'), `Keystone uri="${stand.keystone.url}/v3"`)
  }
  await stand.ask('images')
  assert.equal(stand.keystone.requests.length, 3)
})

test('no token is ever in the log', async (t) => {
  await using stand = await startStand(t)
  await stand.ask('images/detail?name=a')
  stand.glance.behave(status(500))
  await stand.ask('images/detail')
  stand.glance.behave(status(401))
  await stand.ask('images/detail')
  await stand.keystone.stop()
  await stand.ask('images/detail')
  assert.ok(stand.log.length >= 2, String(stand.log))
  assert.ok(!stand.log.join('').includes(TOKEN))
})

test("Glance's troubles are in the log, and what callers do every day is not", async (t) => {
  await using stand = await startStand(t)
  const warnings = () => stand.log.filter((line) => (JSON.parse(line) as Line).level >= WARN)
  assert.equal((await stand.ask('images/00000000-0000-4000-8000-000000000002')).status, 404)
  stand.glance.behave(status(403))
  assert.equal((await stand.ask(`images/${IMAGE_ID}`, { method: 'DELETE' })).status, 404)
  assert.deepEqual(warnings(), [])
  stand.glance.behave(status(500, { 'x-openstack-request-id': 'req-of-glance' }))
  const { headers } = await stand.ask('images/detail')
  const lines = warnings().map((text) => JSON.parse(text) as Line)
  assert.equal(lines.length, 2)
  const [asked, line] = lines
  assert.equal(asked?.upstreamRequestId, 'req-of-glance')
  assert.equal(asked?.requestId, headers.get('x-compute-request-id'))
  assert.equal(line?.code, 'upstream.unavailable')
  assert.equal(line?.reqId, headers.get('x-compute-request-id'))
})

test('only the compute port listens, and says that it is there', async (t) => {
  await using stand = await startStand(t)
  assert.equal((await stand.ask('/healthcheck')).text, 'OK')
  assert.deepEqual(await stand.running.probe(), [])
  stand.glance.behave(status(404))
  stand.keystone.behave(status(404))
  assert.deepEqual(await stand.running.probe(), [
    'Glance answers 404 to /versions: check its address',
    'Keystone answers 404 to /v3: check its address',
  ])
})

test('what is not there at the start is told, and starts nothing less', async (t) => {
  await using stand = await startStand(t)
  await stand.keystone.stop()
  stand.glance.behave(json(200, { versions: [] }))
  const [trouble, ...more] = await stand.running.probe()
  assert.deepEqual(more, [])
  assert.match(
    String(trouble),
    /^Keystone does not answer \(.+\); requests that need it are refused/,
  )
})

test('Glance alone judges the token, and the project is for links only', async (t) => {
  await using stand = await startStand(t, { isGlanceAlone: true })
  const answer = await stand.ask('/v2/abc123/images/detail')
  assert.equal(answer.status, 200, answer.text)
  assert.equal(linksOf(answer)['alternate'], `${stand.glance.url}/abc123/images/${IMAGE_ID}`)
  assert.equal(stand.glance.requests.at(-1)?.headers['x-auth-token'], TOKEN)
  assert.equal((await stand.ask('/v2/images')).status, 200)
  assert.equal(stand.glance.requests.length, 2)
  stand.glance.behave(status(401))
  const refused = await stand.ask('images')
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Keystone')
  assert.equal((await stand.ask('images', { headers: { 'x-auth-token': '' } })).status, 401)
  assert.equal(stand.glance.requests.length, 3)
  assert.equal(stand.keystone.requests.length, 0)
})
