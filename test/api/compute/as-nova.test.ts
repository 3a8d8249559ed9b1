import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEMO, makeImage, startServer, type TestServer } from './server.ts'

/** Small rules of the real Nova, one by one. */

const list = `/v2.1/${DEMO}/images/detail`

function idsOf(json: unknown): readonly string[] {
  return (json as { images: readonly { id: string }[] }).images.map(({ id }) => id)
}

test('changes since a fraction of a second include all of that second, and so does the successor', async () => {
  const at = Date.parse('2026-11-23T18:20:01Z') / 1000
  const image = { ...makeImage(), updatedAt: at }
  const before = { ...makeImage(), updatedAt: at - 1 }
  await using server = await startServer([image, before])
  const { json, headers } = await server.ask(`${list}?changes-since=2026-11-23T18:20:01.999999Z`)
  assert.deepEqual(idsOf(json), [image.id])
  assert.match(String(headers['link']), /updated_at=gte%3A2026-11-23T18%3A20%3A01Z>/)
})

test('of several versions that are asked for the last one counts', async () => {
  await using server = await startServer([makeImage()])
  for (const [name, value, status] of [
    ['openstack-api-version', 'compute 2.1, compute 2.36', 404],
    ['openstack-api-version', 'compute 2.36, compute 2.1', 200],
    ['openstack-api-version', 'identity 3, compute 2.36', 404],
    ['openstack-api-version', 'compute 2.36 , volume 3', 404],
    ['openstack-api-version', 'compute 2.1,compute', 200],
    ['openstack-api-version', 'compute bad, compute 2.1', 200],
    ['openstack-api-version', 'compute 2.1, compute bad', 400],
    ['x-openstack-nova-api-version', '2.1, 2.36', 404],
    ['x-openstack-nova-api-version', '2.36, 2.1', 200],
  ] as const) {
    const answer = await server.ask(list, { headers: { [name]: value } })
    assert.equal(answer.status, status, `${name}: ${value}`)
  }
})

async function write(server: TestServer, path: string, body: unknown, type = 'application/json') {
  return await server.ask(path, {
    method: 'PUT',
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  })
}

test('hashes in metadata are echoed and not written, alone and among others', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const metadata = `/v2.1/${DEMO}/images/${image.id}/metadata`
  for (const name of ['os_hash_algo', 'os_hash_value']) {
    const item = await write(server, `${metadata}/${name}`, { meta: { [name]: 'x' } })
    assert.deepEqual([item.status, item.json], [200, { meta: { [name]: 'x' } }])
  }
  const sent = { metadata: { os_hash_algo: 'x', a: 'b' } }
  const all = await write(server, metadata, sent)
  assert.deepEqual([all.status, all.json], [200, sent])
  assert.deepEqual((await server.ask(metadata)).json, { metadata: { a: 'b' } })
})

test('an empty media type is none', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const path = `/v2.1/${DEMO}/images/${image.id}/metadata`
  assert.equal((await write(server, path, { metadata: { a: 'b' } }, '')).status, 200)
})

test('words and numbers are of ASCII alone', async () => {
  const image = { ...makeImage(), minDiskGib: 10 }
  await using server = await startServer([image])
  const found = async (query: string) => idsOf((await server.ask(`${list}?${query}`)).json).length
  assert.equal(await found('status=act%C4%B1ve'), 0)
  assert.equal(await found('status=aCtIvE'), 1)
  assert.equal(await found('minDisk=10%C2%A0'), 0)
  assert.equal(await found('minDisk=%D9%A1%D9%A0'), 0)
  assert.equal(await found('minDisk=+10%0A'), 1)
})

test('versions are told by their id, and at the folder of a project', async () => {
  await using server = await startServer([])
  const about = async (path: string, method = 'GET') => {
    const { status, json } = await server.ask(path, { method })
    return status === 200 ? (json as { version: { id: string } }).version.id : status
  }
  assert.equal(await about('/v2.1/versions/v2.1'), 'v2.1')
  assert.equal(await about(`/v2.1/${DEMO}/versions/v2.0`), 'v2.0')
  assert.equal(await about('/v2/versions/v2.1'), 'v2.0')
  assert.equal(await about(`/v2.1/${DEMO}/`), 'v2.1')
  assert.equal(await about(`/v2.1/${DEMO}/images/..`), 'v2.1')
  for (const path of ['/v2.1/versions/v3', '/v2.1/versions', '/v2.1/versions/v2.1/']) {
    assert.equal(await about(path), 404, path)
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    assert.equal(await about(`/v2.1/${DEMO}/`, method), 404)
    assert.equal(await about('/v2.1/versions/v2.1', method), 404)
  }
})

test('a byte order mark before JSON is skipped, a line break behind a time is not', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const marked = await server.ask(`/v2.1/${DEMO}/images/${image.id}/metadata`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '\ufeff{"metadata":{"a":"b"}}',
  })
  assert.equal(marked.status, 200)
  assert.equal((await server.ask(`${list}?changes-since=2026-01-01T00:00:00Z%0A`)).status, 400)
})

test('the project of the path is checked before a version is told', async () => {
  await using server = await startServer([])
  assert.equal((await server.ask('/v2.1/0123456789abcdef/')).status, 400)
  assert.equal((await server.ask('/v2/0123456789abcdef/versions/v2.1')).status, 400)
})

test('numbers with a fraction or an exponent find nothing', async () => {
  const image = { ...makeImage(), minDiskGib: 1, minRamMib: 1000 }
  await using server = await startServer([image])
  for (const [query, found] of [
    ['minDisk=1', [image.id]],
    ['minDisk=1.0', []],
    ['minRam=1000', [image.id]],
    ['minRam=1e3', []],
  ] as const) {
    const { status, json } = await server.ask(`${list}?${query}`)
    assert.deepEqual([status, idsOf(json)], [200, found], query)
  }
})

test('a time that UTC has in no four-digit year finds all images, or none', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  for (const [time, found] of [
    ['0001-01-01T00:00:00%2B01:00', [image.id]],
    ['0001-01-01T00:00:00%2B23:59', [image.id]],
    ['9999-12-31T23:59:59-01:00', []],
  ] as const) {
    const { status, json, headers } = await server.ask(`${list}?changes-since=${time}`)
    assert.deepEqual([status, idsOf(json)], [200, found], time)
    assert.match(String(headers['link']), /rel="successor-version"/)
  }
})

test('NaN is not JSON', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const { status, json } = await server.ask(`/v2.1/${DEMO}/images/${image.id}/metadata`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"metadata":{"a":NaN}}',
  })
  assert.equal(status, 400)
  assert.deepEqual(json, { badRequest: { code: 400, message: 'Malformed request body' } })
})

test('version documents carry request ids too', async () => {
  await using server = await startServer([])
  for (const [path, status] of [
    ['/', 200],
    ['/x', 300],
  ] as const) {
    const answer = await server.ask(path)
    assert.equal(answer.status, status)
    assert.match(String(answer.headers['x-openstack-request-id']), /^req-/)
    assert.match(String(answer.headers['x-compute-request-id']), /^req-/)
  }
})
