import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { MemoryCatalogue } from '../../../src/catalogue/memory/memory-catalogue.ts'
import type { Image } from '../../../src/image/image.ts'
import { DEMO, makeImage, startServer, type TestServer } from './server.ts'

interface ListBody {
  readonly images: readonly { readonly id: string; readonly name: string | null }[]
  readonly images_links?: readonly { readonly rel: string; readonly href: string }[]
}

async function list(server: TestServer, query: string): Promise<ListBody> {
  const { status, json, text } = await server.ask(`/v2.1/${DEMO}/images/detail${query}`)
  assert.equal(status, 200, text)
  return json as ListBody
}

/** Every page from the first on, by its next links. */
async function pages(server: TestServer, query: string): Promise<readonly (readonly string[])[]> {
  const found: string[][] = []
  for (let next: string | undefined = query; next !== undefined; ) {
    const body: ListBody = await list(server, next)
    found.push(body.images.map(({ id }) => id))
    const href: string | undefined = body.images_links?.[0]?.href
    next = href === undefined ? undefined : new URL(href).search
    assert.ok(found.length < 100, 'paging does not end')
  }
  return found
}

test('a next link stands if, and only if, there is more', async () => {
  const images = Array.from({ length: 6 }, () => makeImage())
  await using server = await startServer(images)
  const newestFirst = images.map(({ id }) => id).toReversed()
  for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
    const found = await pages(server, `?limit=${limit}`)
    assert.deepEqual(found.flat(), newestFirst)
    assert.equal(found.length, Math.ceil(6 / limit), `limit ${limit}`)
  }
  assert.deepEqual(await pages(server, '?limit=0'), [newestFirst])
  assert.deepEqual(await pages(server, ''), [newestFirst])
})

test('images too large to print in one piece are listed one after another', async () => {
  const value = 'x'.repeat(65_535)
  const properties = Object.fromEntries(Array.from({ length: 128 }, (_, n) => [`p${n}`, value]))
  const catalogue = new MemoryCatalogue(() => 0)
  await catalogue.putImages(Array.from({ length: 80 }, () => makeImage(properties)))
  await using server = await startServer(catalogue)
  const { status } = await server.ask(`/v2.1/${DEMO}/images/detail`, { method: 'HEAD' })
  assert.equal(status, 200)
  assert.equal((await list(server, '?limit=2')).images.length, 2)
})

test('a next link keeps every parameter, unknown ones too', async () => {
  const images = Array.from({ length: 3 }, () => makeImage({ name: 'a b&c' }))
  await using server = await startServer(images)
  const { images_links: links } = await list(
    server,
    '?name=a%20b%26c&x=%C3%BC&limit=1&status=ACTIVE',
  )
  const href = links?.[0]?.href ?? ''
  const base = `http://compute.test/v2.1/${DEMO}/images/detail`
  const marker = images[2]?.id
  assert.equal(href, `${base}?limit=1&name=a+b%26c&status=ACTIVE&x=%C3%BC&marker=${marker}`)
  assert.equal((await pages(server, new URL(href).search)).length, 2)
})

test('a marker that cannot be seen is answered like one that does not exist', async () => {
  const secret = makeImage({ owner: 'somebody' })
  await using server = await startServer([makeImage(), secret])
  const ask = async (marker: string) => {
    const { status, text } = await server.ask(`/v2/${DEMO}/images?marker=${marker}`)
    return { status, text: text.replace(marker, 'MARKER') }
  }
  const unknown = await ask('ffffffff-0000-4000-8000-000000000000')
  assert.equal(unknown.status, 400)
  assert.deepEqual(await ask(secret.id), unknown)
  assert.deepEqual(await ask('no-id-at-all'), unknown)
})

test('an answer that is remembered is not shown to another caller, nor after a write', async () => {
  const image = makeImage()
  await using server = await startServer([image, makeImage({ visibility: 'public' })])
  const count = async (token: string, project: string) => {
    const headers = { 'x-auth-token': token }
    const { json } = await server.ask(`/v2/images/detail?p=${project}`, { headers })
    return (json as ListBody).images.length
  }
  assert.equal(await count('demo', DEMO), 2)
  assert.equal(await count('alt', DEMO), 1)
  assert.equal(await count('unscoped', DEMO), 1)
  assert.equal(await count('admin', DEMO), 2)
  await server.ask(`/v2/images/${image.id}`, { method: 'DELETE' })
  assert.equal(await count('demo', DEMO), 1)
  assert.equal(await count('admin', DEMO), 1)
})

/** A catalogue of endlessly many images, which counts what is taken from it. */
function endless(batchImages: number): Catalogue & { taken(): number } {
  let taken = 0
  const unused = async (): Promise<never> => {
    throw new Error('not asked for in this test')
  }
  return {
    taken: () => taken,
    async *list() {
      for (;;) {
        taken += batchImages
        yield Array.from({ length: batchImages }, (): Image => makeImage())
      }
    },
    get: unused,
    changeProperties: unused,
    delete: unused,
    version: () => 1,
  }
}

test('a list with no end is read only as far as it is taken', async () => {
  const catalogue = endless(250)
  await using server = await startServer(catalogue)
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as { port: number }
  const stop = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/v2/images/detail`, {
    headers: { 'x-auth-token': 'demo' },
    signal: stop.signal,
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-length'), null)
  let before = -1
  while (catalogue.taken() !== before) {
    before = catalogue.taken()
    await new Promise((resolve) => setTimeout(resolve, 200)) // nobody reads: it must come to rest
  }
  assert.ok(before < 100_000, `${before} images were read for a caller who reads none`)
  stop.abort()
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.ok(catalogue.taken() - before < 5_000, 'reading went on for a caller who went away')
})

test('HEAD of a list with no end answers at once', async () => {
  const catalogue = endless(250)
  await using server = await startServer(catalogue)
  const { status, text } = await server.ask('/v2/images/detail', { method: 'HEAD' })
  assert.equal(status, 200)
  assert.equal(text, '')
  assert.ok(catalogue.taken() < 20_000)
})
