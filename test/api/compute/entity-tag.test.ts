import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import { DEMO, makeImage, startServer, type TestServer } from './server.ts'

const image = makeImage()
const READS = [
  'images',
  'images/detail?limit=1',
  `images/${image.id}`,
  `images/${image.id}/metadata`,
]

async function tagOf(server: TestServer, path: string, headers = {}): Promise<string> {
  const answer = await server.ask(`/v2.1/${DEMO}/${path}`, { headers })
  assert.equal(answer.status, 200)
  return String(answer.headers['etag'])
}

test('what a caller has already is a 304 without a body, with the headers of the 200', async () => {
  await using server = await startServer([image])
  for (const path of READS) {
    const url = `/v2.1/${DEMO}/${path}`
    const whole = await server.ask(url)
    const tag = String(whole.headers['etag'])
    assert.match(tag, /^W\/"[\w-]{43}"$/)
    for (const method of ['GET', 'HEAD']) {
      for (const known of [tag, tag.slice(2), `"x", ${tag}`, `${tag},W/"y"`]) {
        const again = await server.ask(url, { method, headers: { 'if-none-match': known } })
        assert.deepEqual([again.status, again.text], [304, ''], `${method} ${path} ${known}`)
        for (const name of ['etag', 'vary', 'cache-control', 'link', 'deprecation']) {
          assert.deepEqual(again.headers[name], whole.headers[name], name)
        }
        assert.equal(again.headers['content-type'], undefined)
        assert.match(String(again.headers['content-length']), /^(?:undefined|0)$/)
      }
      for (const other of ['*', '"x"', tag.replace('"', '"x'), '', tag.slice(0, -1)]) {
        const again = await server.ask(url, { method, headers: { 'if-none-match': other } })
        assert.equal(again.status, 200, other)
      }
    }
  }
})

test('a write changes the tag of what it changes, and a 304 is never stale', async () => {
  await using server = await startServer([image])
  const before = await Promise.all(READS.map((path) => tagOf(server, path)))
  const written = await server.ask(`/v2.1/${DEMO}/images/${image.id}/metadata`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"metadata":{"color":"green"}}',
  })
  assert.deepEqual([written.status, written.headers['etag']], [200, undefined])
  for (const [i, path] of READS.entries()) {
    const headers = { 'if-none-match': before[i] ?? '' }
    const { status } = await server.ask(`/v2.1/${DEMO}/${path}`, { headers })
    assert.equal(status, path === 'images' ? 304 : 200, path) // no metadata is in the brief list
  }
})

test('two processes give the same tag, and what is not there has none', async () => {
  await using one = await startServer([image])
  const database = new Database(':memory:')
  const store = openSqliteCatalogue(database)
  await store.putImages([image])
  await using two = await startServer(store)
  for (const path of READS) assert.equal(await tagOf(one, path), await tagOf(two, path))
  const headers = { 'if-none-match': await tagOf(one, 'images') }
  for (const path of ['images/nosuch', 'images/detail?limit=x']) {
    const { status, headers: sent } = await one.ask(`/v2.1/${DEMO}/${path}`, { headers })
    assert.ok(status >= 400)
    assert.equal(sent['etag'], undefined)
  }
  database.close()
})

test('the tag tells callers apart where their answers differ', async () => {
  await using server = await startServer([image])
  const own = await tagOf(server, 'images')
  const headers = { 'x-auth-token': 'admin', 'if-none-match': own }
  const others = await server.ask('/v2.1/images', { headers })
  assert.equal(others.status, 200)
})
