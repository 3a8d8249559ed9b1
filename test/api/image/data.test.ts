import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type DataStand, makeQueued, openDataStand } from './data-stand.ts'
import { type Ask, ask } from './serve.ts'

const BYTES = { 'content-type': 'application/octet-stream' }

let stand: DataStand
before(async () => {
  stand = await openDataStand()
})
after(() => stand.close())

const put = (id: string, body: string, more: Ask = {}) =>
  ask(stand, `/v2/images/${id}/file`, { method: 'PUT', headers: BYTES, body, ...more })
const get = (id: string, more: Ask = {}) => ask(stand, `/v2/images/${id}/file`, more)
const stage = (id: string, body: string, more: Ask = {}) =>
  ask(stand, `/v2/images/${id}/stage`, { method: 'PUT', headers: BYTES, body, ...more })
const importImage = (id: string, body: unknown, more: Ask = {}) =>
  ask(stand, `/v2/images/${id}/import`, { method: 'POST', body, ...more })

function messageOf({ json }: { readonly json: unknown }): string {
  return (json as { message: string }).message
}

describe('PUT and GET /v2/images/{id}/file', () => {
  it('gives back what was put, with its digests', async () => {
    const id = await makeQueued(stand)
    const text = randomBytes(1_300_000).toString('hex') // several blocks, the last one not full
    assert.equal((await put(id, text)).status, 204)
    const image = await stand.image(id)
    const md5 = createHash('md5').update(text).digest('hex')
    assert.equal(image.status, 'active')
    assert.equal(image.sizeBytes, text.length)
    assert.equal(image.virtualSizeBytes, text.length)
    assert.equal(image.checksum, md5)
    assert.equal(image.hashAlgorithm, 'sha512')
    assert.equal(image.hashValue, createHash('sha512').update(text).digest('hex'))
    const got = await get(id)
    assert.equal(got.status, 200)
    assert.equal(got.headers['content-md5'], md5)
    assert.equal(got.headers['content-length'], String(text.length))
    assert.equal(got.headers['content-type'], 'application/octet-stream')
    assert.ok(got.text === text)
  })

  it('takes no bytes for data, as Glance does', async () => {
    const id = await makeQueued(stand)
    assert.equal((await put(id, '')).status, 204)
    const { status, sizeBytes, virtualSizeBytes, checksum } = await stand.image(id)
    assert.deepEqual(
      { status, sizeBytes, virtualSizeBytes },
      {
        status: 'active',
        sizeBytes: 0,
        virtualSizeBytes: null,
      },
    )
    assert.equal(checksum, 'd41d8cd98f00b204e9800998ecf8427e')
    const got = await get(id)
    assert.deepEqual([got.status, got.text, got.headers['content-length']], [200, '', '0'])
  })

  it('has no content while there is no data, and HEAD is GET without its body', async () => {
    const id = await makeQueued(stand)
    assert.equal((await get(id)).status, 204)
    await put(id, 'hello')
    const head = await get(id, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', ''])
  })

  it('takes a body in chunks', async () => {
    const id = await makeQueued(stand)
    const headers = { ...BYTES, 'transfer-encoding': 'chunked' }
    assert.equal((await put(id, 'in chunks', { headers })).status, 204)
    assert.equal((await get(id)).text, 'in chunks')
  })

  it('refuses what is no octet stream', async () => {
    const id = await makeQueued(stand)
    for (const type of ['', 'application/json', 'text/plain']) {
      const answer = await put(id, '{}', { headers: { 'content-type': type } })
      assert.equal(answer.status, 415, type)
    }
    const headers = { 'content-type': 'application/octet-stream; x=y' }
    assert.equal((await put(id, 'x', { headers })).status, 204)
  })

  it('refuses data for an image that has some', async () => {
    const id = await makeQueued(stand)
    await put(id, 'first')
    const again = await put(id, 'second')
    assert.equal(again.status, 409)
    assert.equal(messageOf(again), 'Image status transition from active to saving is not allowed')
    assert.equal((await get(id)).text, 'first')
  })

  it('wants the formats to be set before', async () => {
    const none = await makeQueued(stand, { diskFormat: null, containerFormat: null })
    const one = await makeQueued(stand, { diskFormat: null })
    const both = await put(none, 'x')
    assert.equal(both.status, 400)
    assert.equal(
      messageOf(both),
      'Properties disk_format, container_format must be set prior to saving data.',
    )
    assert.match(messageOf(await put(one, 'x')), /^Property disk_format must be set/)
    assert.equal((await stand.image(none)).status, 'queued')
  })

  it('lets the owner and admin put data, and whoever sees the image get it', async () => {
    const id = await makeQueued(stand, { visibility: 'community' })
    const refused = await put(id, 'x', { token: 'stranger' })
    assert.equal(refused.status, 403)
    assert.equal(messageOf(refused), `Not allowed to upload image data for image ${id}`)
    assert.equal((await put(id, 'x', { token: 'reader' })).status, 403)
    assert.equal((await put(id, 'x', { token: 'admin' })).status, 204)
    assert.equal((await get(id, { token: 'stranger' })).text, 'x')
    assert.equal((await get(id, { token: 'reader' })).text, 'x')
    const hidden = await makeQueued(stand)
    for (const asked of [
      put(hidden, 'x', { token: 'stranger' }),
      get(hidden, { token: 'third' }),
    ]) {
      const answer = await asked
      assert.equal(answer.status, 404)
      assert.equal(messageOf(answer), `No image found with ID ${hidden}`)
    }
  })

  it('keeps the data of a deactivated image from all but admin', async () => {
    const id = await makeQueued(stand)
    await put(id, 'x')
    await stand.catalogue.update(id, (image) => ({ ...image, status: 'deactivated' }))
    const refused = await get(id)
    assert.equal(refused.status, 403)
    assert.match(messageOf(refused), /has been deactivated. Image data download is forbidden/)
    assert.equal((await get(id, { token: 'admin' })).text, 'x')
  })

  it('frees the bytes with the image', async () => {
    const id = await makeQueued(stand)
    await put(id, 'to be freed')
    assert.ok((await stand.files()).some((file) => file.startsWith(id)))
    assert.equal((await ask(stand, `/v2/images/${id}`, { method: 'DELETE' })).status, 204)
    assert.ok(!(await stand.files()).some((file) => file.startsWith(id)))
    assert.equal((await get(id)).status, 404)
  })

  it('says nothing but 204 for a document that came without its data, and tells the operator', async () => {
    const checksum = '0'.repeat(32)
    const id = await makeQueued(stand, { status: 'active', sizeBytes: 4, checksum })
    assert.equal((await get(id)).status, 204)
    assert.match(stand.warnings.at(-1) ?? '', /has no file here/)
  })
})

describe('Range on GET /v2/images/{id}/file', () => {
  let id = ''
  before(async () => {
    id = await makeQueued(stand)
    await put(id, 'hello world')
  })

  const parts: readonly (readonly [string, string, string])[] = [
    ['bytes=0-3', 'hell', 'bytes 0-3/11'],
    ['bytes=4-', 'o world', 'bytes 4-10/11'],
    ['bytes=-3', 'rld', 'bytes 8-10/11'],
    ['bytes=-100', 'hello world', 'bytes 0-10/11'],
    ['bytes=0-100', 'hello world', 'bytes 0-10/11'],
    ['bytes=10-10', 'd', 'bytes 10-10/11'],
    ['bytes=-0', 'hello world', 'bytes 0-10/11'],
    ['BYTES = 0 - 0', 'h', 'bytes 0-0/11'],
  ]
  for (const [range, text, contentRange] of parts) {
    it(`answers ${range} with ${contentRange}`, async () => {
      const got = await get(id, { headers: { range } })
      assert.deepEqual(
        [got.status, got.text, got.headers['content-range'], got.headers['content-length']],
        [206, text, contentRange, String(text.length)],
      )
    })
  }

  for (const range of ['bytes=11-', 'bytes=5-2', 'lines=0-3', 'bytes=a-b', 'bytes=-', '']) {
    it(`cannot satisfy ${JSON.stringify(range)}`, async () => {
      assert.equal((await get(id, { headers: { range } })).status, 416)
    })
  }

  it('refuses several ranges at once', async () => {
    const answer = await get(id, { headers: { range: 'bytes=0-1,3-4' } })
    assert.equal(answer.status, 400)
    assert.match(messageOf(answer), /multiple ranges are not supported/)
  })

  it('takes Content-Range for the same, as Glance does', async () => {
    for (const asked of ['bytes 1-4/11', 'bytes 1-4/*']) {
      const got = await get(id, { headers: { 'content-range': asked } })
      assert.deepEqual([got.status, got.text], [206, 'ello'], asked)
    }
    for (const asked of ['bytes 1-40/*', 'bytes 20-40/50', 'x', 'bytes */11', 'bytes 4-1/11']) {
      assert.equal((await get(id, { headers: { 'content-range': asked } })).status, 416, asked)
    }
  })

  it('has nothing to give of an empty image', async () => {
    const empty = await makeQueued(stand)
    await put(empty, '')
    assert.equal((await get(empty, { headers: { range: 'bytes=0-' } })).status, 416)
  })
})

describe('PUT stage and POST import', () => {
  const DIRECT = { method: { name: 'glance-direct' } }

  it('makes staged data the data of the image', async () => {
    const id = await makeQueued(stand)
    assert.equal((await stage(id, 'staged')).status, 204)
    const staged = await stand.image(id)
    assert.deepEqual([staged.status, staged.sizeBytes, staged.checksum], ['uploading', 6, null])
    assert.equal((await get(id)).status, 204)
    assert.equal((await importImage(id, DIRECT)).status, 202)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const image = await stand.image(id)
    assert.deepEqual([image.status, image.sizeBytes, image.virtualSizeBytes], ['active', 6, 6])
    assert.equal((await get(id)).text, 'staged')
    assert.deepEqual(
      (await stand.files()).filter((file) => file === id),
      [],
    )
    const again = await importImage(id, DIRECT)
    assert.equal(again.status, 409)
    assert.equal(messageOf(again), 'Image with status active cannot be target for import')
  })

  it('stages once, and needs formats for the import alone', async () => {
    const id = await makeQueued(stand, { diskFormat: null })
    assert.match(messageOf(await importImage(id, DIRECT)), /needs to be staged before/)
    assert.equal((await stage(id, 'staged')).status, 204)
    assert.equal((await stage(id, 'staged')).status, 409)
    assert.equal((await put(id, 'x')).status, 409)
    const refused = await importImage(id, DIRECT)
    assert.equal(refused.status, 409)
    assert.equal(messageOf(refused), "'disk_format' needs to be set before import")
    await ask(stand, `/v2/images/${id}`, { method: 'DELETE' })
    assert.ok(!(await stand.files()).includes(id))
  })

  it('lets the owner alone stage and import', async () => {
    const id = await makeQueued(stand, { visibility: 'community' })
    const refused = await stage(id, 'x', { token: 'stranger' })
    assert.deepEqual([refused.status, messageOf(refused)], [403, 'You do not own this image'])
    await stage(id, 'x')
    assert.equal((await importImage(id, DIRECT, { token: 'stranger' })).status, 403)
  })

  const bad: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^Body expected in request/],
    ['[]', /requires a 'method' field/],
    ['1', /^Unexpected body type/],
    ['{}', /requires a 'method' field/],
    ['{"method":1}', /requires a 'name' field/],
    ['{"method":{}}', /requires a 'name' field/],
    ['{"method":{"name":1}}', /^Unknown import method name '1'/],
    ['{"method":{"name":{"toString":1}}}', /^Unknown import method name '{"toString":1}'/],
    ['{"method":{"name":"web-download","uri":"http://x"}}', /^Unknown import method name/],
    ['{"method":{"name":"copy-image"}}', /^Unknown import method name 'copy-image'/],
    ['{"method":{"name":"glance-direct"},"all_stores":1}', /'all_stores' must be boolean/],
    ['{"method":{"name":"glance-direct"},"all_stores_must_succeed":0}', /must be boolean/],
    ['{bad', /^Malformed JSON/],
  ]
  for (const [body, message] of bad) {
    it(`refuses to import by ${JSON.stringify(body)}`, async () => {
      const id = await makeQueued(stand)
      await stage(id, 'x')
      const answer = await importImage(id, body)
      assert.equal(answer.status, 400)
      assert.match(messageOf(answer), message)
    })
  }
})
