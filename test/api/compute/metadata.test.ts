import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALT, DEMO, makeImage, startServer } from './server.ts'

const put = (body: string) => ({ method: 'PUT', body })

test('a metadata item comes and goes, whatever its name', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const at = `/v2.1/${DEMO}/images/${image.id}/metadata`
  for (const key of ['color', '__proto__', 'constructor', 'a b:c.d-e_f', 'k'.repeat(255)]) {
    const url = `${at}/${encodeURIComponent(key)}`
    const body = `{"meta": {${JSON.stringify(key)}: "v"}}`
    const set = await server.ask(url, put(body))
    assert.equal(set.status, 200, set.text)
    assert.equal(set.text, `{"meta":{${JSON.stringify(key)}:"v"}}`)
    assert.equal((await server.ask(url)).text, set.text)
    assert.equal((await server.ask(at)).text, `{"metadata":{${JSON.stringify(key)}:"v"}}`)
    assert.equal((await server.ask(url, { method: 'DELETE' })).status, 204)
    assert.equal((await server.ask(url)).status, 404)
  }
})

test('a write keeps visibility and members, and moves updated', async () => {
  const member = { member_id: ALT, status: 'accepted' }
  const image = makeImage({ visibility: 'shared', members: [member] })
  await using server = await startServer([image])
  await server.ask(`/v2/images/${image.id}/metadata/a`, put('{"meta": {"a": "b"}}'))
  const { json } = await server.ask('/v2/images/detail', { headers: { 'x-auth-token': 'alt' } })
  const [seen] = (json as { images: Record<string, unknown>[] }).images
  assert.deepEqual(seen?.['metadata'], { a: 'b' })
  assert.notEqual(seen?.['updated'], seen?.['created'])
})

test('a refused write leaves everything as it was', async () => {
  const image = makeImage({ keep: 'me' })
  await using server = await startServer([image])
  const at = `/v2.1/${DEMO}/images/${image.id}`
  const before = (await server.ask(at)).text
  const tooMany = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, 'v']))
  const refused: [string, string, number][] = [
    ['metadata', '{"metadata": {"status": "x", "color": "red"}}', 403],
    ['metadata', JSON.stringify({ metadata: tooMany }), 403],
    ['metadata', '{"metadata": {"a": "1", "b": 2}}', 400],
    ['metadata', '{"metadata": {"a": "\\ud800"}}', 400],
    ['metadata', `{"metadata": ${'['.repeat(100_000)}`, 400],
    ['metadata', '{"metadata": {"a": 1e999}}', 400],
    ['metadata/a', '{"meta": {"b": "c"}}', 400],
    ['metadata/kernel_id', '{"meta": {"kernel_id": "no id"}}', 403],
  ]
  for (const [path, body, status] of refused) {
    for (const method of path === 'metadata' ? ['PUT', 'POST'] : ['PUT']) {
      const answer = await server.ask(`${at}/${path}`, { method, body })
      assert.equal(answer.status, status, `${method} ${body.slice(0, 60)}: ${answer.text}`)
      assert.equal((await server.ask(at)).text, before)
    }
  }
})

test('a reader reads, and changes nothing', async () => {
  const image = makeImage()
  await using server = await startServer([image])
  const headers = { 'x-auth-token': 'reader' }
  const at = `/v2/${DEMO}/images/${image.id}`
  const before = await server.ask(at, { headers })
  assert.equal(before.status, 200)
  const body = '{"metadata": {"a": "b"}}'
  assert.equal((await server.ask(at, { headers, method: 'DELETE' })).status, 403)
  assert.equal((await server.ask(`${at}/metadata`, { headers, method: 'POST', body })).status, 403)
  assert.equal((await server.ask(at, { headers })).text, before.text)
})

test('values that hold JSON show as JSON, and as text where they hold none', async () => {
  const image = makeImage({
    mappings: '[{"n": 12345678901234567890}]',
    block_device_mapping: 'oops',
  })
  await using server = await startServer([image])
  const { text } = await server.ask(`/v2/images/${image.id}/metadata`)
  assert.equal(
    text,
    '{"metadata":{"mappings":[{"n": 12345678901234567890}],"block_device_mapping":"oops"}}',
  )
})
