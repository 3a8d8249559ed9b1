import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { formsToCompress, type KeptForms } from '../../../src/api/face/compressible.ts'
import { Compression } from '../../../src/server/compression/compression.ts'
import { ALT, DEMO, makeImage, startServer, type TestServer } from './server.ts'

/** Compressed lists that are kept, and the callers whose they are. */

const CALLERS = ['demo', 'alt', 'admin', 'unscoped']

async function startCompressing(): Promise<TestServer> {
  const mine = Array.from({ length: 30 }, () => makeImage({ owner: DEMO }))
  const theirs = Array.from({ length: 30 }, () => makeImage({ owner: ALT }))
  const open = Array.from({ length: 30 }, () => makeImage({ owner: ALT, visibility: 'public' }))
  const server = await startServer([...mine, ...theirs, ...open])
  new Compression().addTo(server.app)
  return server
}

async function list({ app }: TestServer, token: string, encoding: string) {
  const { statusCode, headers, rawPayload } = await app.inject({
    url: '/v2.1/images/detail',
    headers: { host: 'compute.test', 'x-auth-token': token, 'accept-encoding': encoding },
  })
  return { statusCode, headers, rawPayload }
}

test('each caller gets the compressed form of the own list, however they take turns', async () => {
  await using server = await startCompressing()
  const plain = new Map<string, Buffer>()
  for (const token of CALLERS) plain.set(token, (await list(server, token, '')).rawPayload)
  assert.equal(new Set([...plain.values()].map(String)).size, CALLERS.length)
  for (let round = 0; round < 3; round += 1) {
    for (const token of CALLERS) {
      const { statusCode, headers, rawPayload } = await list(server, token, 'zstd')
      assert.equal(statusCode, 200)
      assert.equal(headers['content-encoding'], 'zstd')
      assert.equal(headers['content-length'], String(rawPayload.length))
      assert.deepEqual(zstdDecompressSync(rawPayload), plain.get(token))
    }
  }
})

test('a list that is kept is compressed once, until the catalogue changes', async () => {
  await using server = await startCompressing()
  const kept: (Buffer | undefined)[] = []
  const all: KeptForms[] = []
  server.app.addHook('onSend', async (_request, reply) => {
    const forms = formsToCompress(reply)
    if (forms === undefined) return
    kept.push(forms.get('zstd'))
    all.push(forms)
  })
  await list(server, 'demo', 'zstd') // a short list is kept once it is asked for again
  for (const noted of [kept, all]) noted.length = 0
  const [first, second] = [await list(server, 'demo', 'zstd'), await list(server, 'demo', 'zstd')]
  assert.deepEqual(second.rawPayload, first.rawPayload)
  assert.deepEqual(kept, [first.rawPayload, first.rawPayload])
  assert.equal(all[0], all[1])

  const [image] = (JSON.parse(String((await list(server, 'demo', '')).rawPayload)) as Images).images
  const headers = { 'x-auth-token': 'alt' }
  const deleted = await server.ask(`/v2.1/images/${image?.id}`, { method: 'DELETE', headers })
  assert.equal(deleted.status, 204)
  const changed = await list(server, 'demo', 'zstd')
  const { images } = JSON.parse(String(zstdDecompressSync(changed.rawPayload))) as Images
  assert.ok(images.every(({ id }) => id !== image?.id))
  assert.notEqual(all.at(-1), all[0])
})

interface Images {
  readonly images: readonly { readonly id: string }[]
}
