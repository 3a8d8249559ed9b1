import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import { ask, listCatalogue, serveImages } from './serve.ts'

test('what a caller has already of the Image API is a 304', async () => {
  const served = await serveImages(listCatalogue([makeImage(1)]))
  try {
    const image = `/v2/images/${idOf(1)}`
    for (const path of ['/v2/images', image, `${image}/members`, '/v2/cloudimages']) {
      const whole = await ask(served, path)
      const tag = String(whole.headers['etag'])
      assert.deepEqual([whole.status, /^W\/"[\w-]{43}"$/.test(tag)], [200, true], path)
      const headers = { 'if-none-match': tag }
      const again = await ask(served, path, { headers })
      assert.deepEqual([again.status, again.text], [304, ''], path)
      assert.deepEqual(
        [again.headers['etag'], again.headers['cache-control']],
        [tag, 'private, no-cache'],
      )
      const other = await ask(served, path, { headers: { 'if-none-match': 'W/"x"' } })
      assert.equal(other.status, 200, path)
    }
    const missing = await ask(served, `/v2/images/${idOf(2)}`, {
      headers: { 'if-none-match': '*' },
    })
    assert.deepEqual([missing.status, missing.headers['etag']], [404, undefined])
  } finally {
    await served.close()
  }
})
