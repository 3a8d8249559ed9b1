import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Flags } from '../../src/config/load.ts'
import { ask, CODINGS, decoded } from '../server/compression/ask.ts'
import { type Choose, page } from '../upstream/fake-upstream.ts'
import { startFakeNova } from './fake-nova.ts'
import { PROJECT, row, startStand, TOKEN } from './stand.ts'

/** In front of a Glance and a Nova. */

const ROWS = Array.from({ length: 100 }, (_, i) =>
  row(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, { color: `red ${i}` }),
)
const manyImages: Choose = ({ path }) => page(path === '/v2/images' ? ROWS : [])
const EVERYTHING = 'gzip, br, zstd, *, identity;q=0'

async function start(t: TestContext, flags: Flags = {}) {
  const nova = await startFakeNova(t)
  const stand = await startStand(t, { flags: { 'compute.upstreamUrl': nova.url, ...flags } })
  t.after(() => stand[Symbol.asyncDispose]())
  stand.glance.behave(manyImages)
  const asked = (path: string, encoding: string, method = 'GET') =>
    ask(`${stand.running.url}/v2.1/${PROJECT}/${path}`, {
      method,
      headers: { 'x-auth-token': TOKEN, 'accept-encoding': encoding },
    })
  return { nova, asked }
}

test('lists of a Glance are compressed for who asks', async (t) => {
  const { asked } = await start(t)
  const plain = await asked('images/detail', 'identity')
  assert.equal(plain.status, 200)
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.match(String(plain.headers['vary']), /, Accept-Encoding$/)
  for (const coding of CODINGS) {
    const small = await asked('images/detail', coding)
    assert.equal(small.headers['content-encoding'], coding)
    assert.equal(small.headers['content-length'], String(small.bytes.length))
    assert.equal(small.headers['vary'], plain.headers['vary'])
    assert.ok(decoded(small).equals(plain.bytes))
    const head = await asked('images/detail', coding, 'HEAD')
    assert.equal(head.headers['content-encoding'], coding)
    assert.equal(head.headers['content-length'], small.headers['content-length'])
  }
})

test('an answer of Nova comes as Nova sent it, plain or compressed', async (t) => {
  const { nova, asked } = await start(t)
  const text = JSON.stringify({ servers: Array.from({ length: 500 }, (_, id) => ({ id })) })
  nova.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', vary: 'X-Nova' })
    response.end(text)
  }
  const plain = await asked('servers', EVERYTHING)
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.headers['vary'], 'X-Nova')
  assert.equal(plain.bytes.toString(), text)

  const theirs = gzipSync(text)
  nova.answer = (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': theirs.length })
    response.end(theirs)
  }
  const small = await asked('servers', 'br, zstd')
  assert.equal(small.headers['content-encoding'], 'gzip')
  assert.equal(small.headers['vary'], undefined)
  assert.ok(small.bytes.equals(theirs))
})

test('switched off, a list of a Glance is plain for everybody', async (t) => {
  const { asked } = await start(t, { compression: 'false' })
  const answer = await asked('images/detail', EVERYTHING)
  assert.equal(answer.headers['content-encoding'], undefined)
  assert.doesNotMatch(String(answer.headers['vary']), /Accept-Encoding/)
  assert.equal((JSON.parse(answer.bytes.toString()) as { images: object[] }).images.length, 100)
})
