import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEMO, makeImage, startServer } from './server.ts'

const REQUEST_ID = /^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('every answer carries one request id under both names', async () => {
  await using server = await startServer([])
  const urls = [
    '/',
    '/v2.1/',
    '/nosuch',
    '/healthcheck',
    '/v2.1/images/detail',
    '/v2.1/x',
    '/v2/%ff',
  ]
  for (const url of urls) {
    for (const method of ['GET', 'OPTIONS', 'POST', 'HEAD']) {
      const { headers } = await server.ask(url, { method })
      assert.match(String(headers['x-openstack-request-id']), REQUEST_ID, `${method} ${url}`)
      assert.equal(headers['x-compute-request-id'], headers['x-openstack-request-id'])
    }
  }
})

test('no cache may share an answer that was for one caller, faults included', async () => {
  await using server = await startServer([])
  const urls = ['images/detail', 'images/detail?limit=x', 'images/nosuch', 'nosuch']
  for (const url of urls) {
    for (const prefix of ['v2', 'v2.1']) {
      const { headers } = await server.ask(`/${prefix}/${DEMO}/${url}`)
      assert.equal(headers['cache-control'], 'private, no-cache', url)
      assert.match(String(headers['vary']), /X-Auth-Token/, url)
    }
  }
})

test('v2.1 says which microversion answered, v2 does not', async () => {
  await using server = await startServer([])
  const asked = { headers: { 'openstack-api-version': 'compute 2.12' } }
  const newer = await server.ask('/v2.1/images', asked)
  assert.equal(newer.headers['openstack-api-version'], 'compute 2.12')
  assert.equal(newer.headers['x-openstack-nova-api-version'], '2.12')
  assert.equal(
    newer.headers['vary'],
    'OpenStack-API-Version, X-OpenStack-Nova-API-Version, X-Auth-Token',
  )
  const older = await server.ask('/v2/images', asked)
  assert.equal(older.headers['openstack-api-version'], undefined)
  assert.equal(older.headers['vary'], 'X-Auth-Token')
})

test('every good answer names the request that replaces it', async () => {
  const image = makeImage({ name: 'a:b' })
  await using server = await startServer([image])
  const link = async (url: string) => (await server.ask(url)).headers['link']
  const page = '<http://compute.test/deprecation>; rel="deprecation"; type="text/html"'
  assert.equal(
    await link(`/v2/${DEMO}/images/${image.id}`),
    `<http://image.test/v2/images/${image.id}>; rel="successor-version", ${page}`,
  )
  const list = await server.ask(
    `/v2/${DEMO}/images/detail?name=a:b&status=SAVING&minRam=0&changes-since=2020-01-01T02:00:00%2B02:00&limit=5&property-os=x`,
  )
  assert.equal(list.headers['deprecation'], '@1466553600')
  const url = /^<([^>]*)>; rel="successor-version", /.exec(String(list.headers['link']))?.[1] ?? ''
  assert.equal(new URL(url).pathname, '/v2/images')
  assert.deepEqual(Object.fromEntries(new URL(url).searchParams), {
    name: 'eq:a:b',
    status: 'in:queued,saving',
    updated_at: 'gte:2020-01-01T00:00:00Z',
    min_ram: '0',
    limit: '5',
    os: 'x',
  })
})

test('HEAD answers as GET does, without the body', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  for (const path of [
    'images',
    'images/detail',
    `images/${image.id}`,
    `images/${image.id}/metadata`,
  ]) {
    const get = await server.ask(`/v2.1/${DEMO}/${path}`)
    const head = await server.ask(`/v2.1/${DEMO}/${path}`, { method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    for (const name of ['content-type', 'content-length', 'vary', 'link']) {
      assert.equal(String(head.headers[name]), String(get.headers[name]), `${path} ${name}`)
    }
  }
})

test('OPTIONS needs no token and says what a path takes', async () => {
  await using server = await startServer([])
  const allow = async (path: string) => {
    const answer = await server.ask(path, { method: 'OPTIONS', headers: { 'x-auth-token': '' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.text, '')
    return answer.headers['allow']
  }
  assert.equal(await allow(`/v2/${DEMO}/images/detail`), 'GET, HEAD, OPTIONS')
  assert.equal(await allow(`/v2.1/images/x`), 'GET, HEAD, DELETE, OPTIONS')
  assert.equal(await allow(`/v2.1/images/x/metadata`), 'GET, HEAD, POST, PUT, OPTIONS')
  assert.equal(await allow(`/v2.1/images/x/metadata/k`), 'GET, HEAD, PUT, DELETE, OPTIONS')
})

test("links follow Host as it was given, the scheme's own port apart", async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const self = async (host: string) => {
    const { json } = await server.ask(`/v2/${DEMO}/images/${image.id}`, { headers: { host } })
    return (json as { image: { links: { href: string }[] } }).image.links[0]?.href
  }
  const path = `/v2/${DEMO}/images/${image.id}`
  assert.equal(await self('Cloud.Example:80'), `http://Cloud.Example${path}`)
  assert.equal(await self('cloud.example:8774'), `http://cloud.example:8774${path}`)
  assert.equal(await self('[::1]:8774'), `http://[::1]:8774${path}`)
})
