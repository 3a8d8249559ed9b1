import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { idOf, imageOf } from '../../catalogue/images.ts'
import {
  ask,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Served,
  serveImages,
} from '../image/serve.ts'

/** The address on the Image API's port. */

let served: Served
before(async () => {
  served = await serveImages(
    listCatalogue([
      imageOf(1, { owner: PROJECT }),
      imageOf(2, { owner: OTHER_PROJECT }),
      imageOf(3, { owner: OTHER_PROJECT, visibility: 'public' }),
    ]),
  )
})
after(() => served.close())

test('the list is answered to who may see it, and to nobody without a token', async () => {
  const ids = async (token: string) => {
    const { status, json, headers } = await ask(served, '/v2/cloudimages?sort_dir=asc', { token })
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'private, no-cache')
    assert.equal(headers['content-type'], 'application/json')
    return (json as { images: { id: string }[] }).images.map(({ id }) => id)
  }
  assert.deepEqual(await ids('member'), [idOf(1), idOf(3)])
  assert.deepEqual(await ids('stranger'), [idOf(2), idOf(3)])
  assert.deepEqual(await ids('unscoped'), [idOf(3)])
  assert.deepEqual(await ids('reader'), [idOf(1), idOf(3)])
  assert.equal((await ask(served, '/v2/cloudimages', { token: '' })).status, 401)
})

test('a fault has the vendor’s shape, and other methods are refused', async () => {
  const { status, json } = await ask(served, '/v2/cloudimages?__imagetype=silver')
  assert.equal(status, 400)
  assert.equal((json as { error: { code: string } }).error.code, 'IMG.0024')
  const refused = await ask(served, '/v2/cloudimages', { method: 'POST' })
  assert.equal(refused.status, 405)
  assert.equal(refused.headers['allow'], 'GET, HEAD, OPTIONS')
  assert.equal((await ask(served, '/v2/cloudimages/x')).status, 404)
})
