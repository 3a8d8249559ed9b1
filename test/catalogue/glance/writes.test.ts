import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PropertyChange } from '../../../src/catalogue/catalogue.ts'
import { writeDocument } from '../../../src/image/document.ts'
import type { Image } from '../../../src/image/image.ts'
import {
  type Behaviour,
  hang,
  json,
  resetAtOnce,
  type SeenRequest,
  status,
} from '../../upstream/fake-upstream.ts'
import { ADMIN, idOf, imageOf, OTHER, OWNER } from '../images.ts'
import { ASKER, stand } from './fake-glance.ts'

const MARKED = new Map([
  ['a', '1'],
  ['b', '2'],
])
const IMAGE = imageOf(1, { visibility: 'community', properties: MARKED })

function change(
  set: readonly (readonly [string, string])[],
  remove: readonly string[] | 'all' = [],
): PropertyChange {
  return {
    remove: remove === 'all' ? remove : new Set(remove),
    set: new Map(set),
    propertiesMax: 128,
  }
}

/** Shows the images in turn, and answers every other method alike. */
function showing(images: readonly Image[], other: Behaviour) {
  let shown = 0
  return ({ method }: SeenRequest): Behaviour => {
    if (method !== 'GET') return other
    const image = images[Math.min(shown, images.length - 1)]
    shown += 1
    return image === undefined ? status(404) : json(200, writeDocument(image))
  }
}

describe('a change of properties', () => {
  const withProperties = (pairs: readonly (readonly [string, string])[]) =>
    json(200, writeDocument({ ...IMAGE, properties: new Map(pairs), updatedAt: 1_790_000_000 }))

  test('is a patch of the keys that change, and of nothing else', async (t) => {
    const { fake, catalogue } = await stand(t)
    const odd = 'a/~b "ü"'
    const after = [
      ['b', '2'],
      ['c', '3'],
      [odd, 'x'],
    ] as const
    fake.behave(showing([IMAGE], withProperties(after)))
    const changed = await catalogue.changeProperties(OWNER, IMAGE.id, change(after, 'all'))
    assert.deepEqual([...changed.properties], after)
    assert.equal(changed.updatedAt, 1_790_000_000)
    assert.equal(changed.visibility, 'community')
    const [read, patch] = fake.requests
    assert.equal(read?.method, 'GET')
    assert.ok(patch)
    assert.equal(`${patch.method} ${patch.path}`, `PATCH /v2/images/${IMAGE.id}`)
    assert.equal(patch.headers['content-type'], 'application/openstack-images-v2.1-json-patch')
    assert.equal(patch.headers['x-auth-token'], ASKER.token)
    assert.deepEqual(JSON.parse(patch.body), [
      { op: 'remove', path: '/a' },
      { op: 'add', path: '/c', value: '3' },
      { op: 'add', path: '/a~1~0b "ü"', value: 'x' },
    ])
  })

  test('to what there is already writes one of its keys, so that the time moves', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(showing([IMAGE], withProperties([...MARKED])))
    await catalogue.changeProperties(OWNER, IMAGE.id, change([...MARKED]))
    const sent = [{ op: 'add', path: '/a', value: '1' }]
    assert.deepEqual(JSON.parse(fake.requests.at(-1)?.body ?? ''), sent)
  })

  test('to nothing at all writes nothing, and is refused to strangers all the same', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(showing([IMAGE], status(500)))
    assert.deepEqual(await catalogue.changeProperties(OWNER, IMAGE.id, change([])), IMAGE)
    const message = `Not authorized for image ${IMAGE.id}.`
    const refused = { code: 'image.not_writable', message }
    await assert.rejects(catalogue.changeProperties(OTHER, IMAGE.id, change([])), refused)
    assert.ok(fake.requests.every(({ method }) => method === 'GET'))
  })

  test('meets another’s edit: it is made anew on what that left', async (t) => {
    const { fake, catalogue } = await stand(t)
    const edited = { ...IMAGE, properties: new Map([['b', '2']]) }
    let patches = 0
    const other: Behaviour = (request, response) => {
      patches += 1
      const answer = patches === 1 ? status(409) : withProperties([['c', '3']])
      answer(request, response)
    }
    fake.behave(showing([IMAGE, edited], other))
    const asked = change([['c', '3']], 'all')
    const changed = await catalogue.changeProperties(OWNER, IMAGE.id, asked)
    assert.deepEqual([...changed.properties], [['c', '3']])
    const bodies = fake.requests.filter(({ method }) => method === 'PATCH').map((r) => r.body)
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body).map((s: { path: string }) => s.path)),
      [
        ['/a', '/b', '/c'],
        ['/b', '/c'],
      ],
    )
  })

  test('that always meets another’s ends as a conflict', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(showing([IMAGE], status(409)))
    const asked = catalogue.changeProperties(OWNER, IMAGE.id, change([], ['a']))
    await assert.rejects(asked, { code: 'image.conflict' })
    assert.ok(fake.requests.length <= 8)
  })

  test('that Glance answers with 200 and does not keep is told', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(showing([IMAGE], withProperties([...MARKED])))
    const asked = catalogue.changeProperties(OWNER, IMAGE.id, change([['policy', 'x']]))
    await assert.rejects(asked, { code: 'property.unstorable' })
  })

  test('of a name that Glance would take for something else is not sent', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(showing([IMAGE], status(500)))
    for (const key of ['image_id', 'delete', 'os_glance_x', ' k', 'k\t', 'k\x1f', '__class__']) {
      const asked = catalogue.changeProperties(OWNER, IMAGE.id, change([[key, 'x']]))
      await assert.rejects(asked, { code: 'property.unstorable' }, key)
    }
    assert.ok(fake.requests.every(({ method }) => method === 'GET'))
  })

  const faults: readonly (readonly [Behaviour, string])[] = [
    [status(400), 'property.unstorable'],
    [status(401), 'token.refused'],
    [status(403), 'image.not_writable'],
    [status(404), 'image.not_found'],
    [status(413), 'property.limit_exceeded'],
    [status(429), 'upstream.throttled'],
    [status(500), 'upstream.unavailable'],
    [status(503), 'upstream.unavailable'],
    [json(200, { id: 5 }), 'upstream.invalid'],
    [resetAtOnce(), 'upstream.unavailable'],
    [hang(), 'upstream.timeout'],
  ]
  for (const [n, [behaviour, code]] of faults.entries()) {
    test(`is sent once and comes to ${code} (${n})`, async (t) => {
      const { fake, catalogue } = await stand(t, {}, { firstByteTimeoutMs: 150 })
      fake.behave(showing([IMAGE], behaviour))
      const asked = catalogue.changeProperties(OWNER, IMAGE.id, change([['k', 'v']]))
      await assert.rejects(asked, { name: 'CatalogueFault', code })
      assert.equal(fake.requests.filter(({ method }) => method === 'PATCH').length, 1)
    })
  }
})

describe('a delete', () => {
  test('is one request', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(status(204))
    await catalogue.delete(OWNER, IMAGE.id)
    assert.deepEqual(
      fake.requests.map(({ method, path }) => `${method} ${path}`),
      [`DELETE /v2/images/${IMAGE.id}`],
    )
  })

  test('of a protected image is told from one that is another’s', async (t) => {
    const { fake, catalogue } = await stand(t)
    const protectedImage = { ...IMAGE, isProtected: true }
    fake.behave(showing([protectedImage], status(403)))
    const message = 'You are not allowed to delete the image.'
    for (const viewer of [OWNER, ADMIN]) {
      const refused = { code: 'image.protected', message }
      await assert.rejects(catalogue.delete(viewer, IMAGE.id), refused)
    }
    await assert.rejects(catalogue.delete(OTHER, IMAGE.id), { code: 'image.not_writable' })
    fake.behave(showing([IMAGE], status(403)))
    await assert.rejects(catalogue.delete(OWNER, IMAGE.id), { code: 'image.not_writable' })
  })

  test('comes to the fault that Glance’s answer means, and is not repeated', async (t) => {
    const { fake, catalogue } = await stand(t)
    for (const [code, expected] of [
      [401, 'token.refused'],
      [404, 'image.not_found'],
      [409, 'image.conflict'],
      [503, 'upstream.unavailable'],
    ] as const) {
      fake.requests.length = 0
      fake.behave(status(code))
      await assert.rejects(catalogue.delete(OWNER, IMAGE.id), { code: expected })
      assert.equal(fake.requests.length, 1)
    }
  })
})

test('an id is compared letter by letter, and a path is never made of what is none', async (t) => {
  const { fake, catalogue } = await stand(t)
  const image = imageOf(0xabc)
  fake.behave(({ method }: SeenRequest) =>
    method === 'GET' ? json(200, writeDocument(image)) : status(204),
  )
  assert.deepEqual(await catalogue.get(OWNER, image.id), image)
  const missing = { code: 'image.not_found' }
  await assert.rejects(catalogue.get(OWNER, image.id.toUpperCase()), missing)
  await assert.rejects(catalogue.delete(OWNER, image.id.toUpperCase()), missing)
  const sent = fake.requests.length
  for (const id of ['', '.', '..', '../images', `${idOf(1)}/file`, 'a?b', 'a%2Fb', '\0', 'ü']) {
    await assert.rejects(catalogue.get(OWNER, id), missing)
    await assert.rejects(catalogue.delete(OWNER, id), missing)
    await assert.rejects(catalogue.changeProperties(OWNER, id, change([])), missing)
  }
  assert.equal(fake.requests.length, sent)
  assert.ok(fake.requests.every(({ method }) => method === 'GET'))
})

test('what is deleted or waits for it is not there', async (t) => {
  const { fake, catalogue } = await stand(t)
  for (const gone of ['deleted', 'pending_delete'] as const) {
    fake.behave(json(200, writeDocument({ ...IMAGE, status: gone })))
    await assert.rejects(catalogue.get(ADMIN, IMAGE.id), { code: 'image.not_found' })
  }
})
