import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeDocument } from '../../../src/image/document.ts'
import type { Image } from '../../../src/image/image.ts'
import type { Viewer } from '../../../src/image/visibility.ts'
import {
  type Behaviour,
  hang,
  json,
  page,
  type SeenRequest,
  status,
} from '../../upstream/fake-upstream.ts'
import { listed } from '../contract.ts'
import { ADMIN, idOf, imageOf, OWNER, UNSCOPED } from '../images.ts'
import { listing, parametersOf, stand } from './fake-glance.ts'

/** Newest first. */
const images = (count: number) => Array.from({ length: count }, (_, n) => imageOf(count - n))
const ids = (list: readonly Image[]) => list.map(({ id }) => id)
const LIST = '/v2/images'
const LOST = { name: 'CatalogueFault', code: 'marker.not_found' }

/** A Glance that answers lists so, and single images out of these. */
function glance(
  list: (request: SeenRequest) => Behaviour,
  known: readonly Image[],
): (request: SeenRequest) => Behaviour {
  return (request) => {
    if (request.path === LIST) return list(request)
    const image = known.find(({ id }) => request.path === `${LIST}/${id}`)
    return image === undefined ? status(404) : json(200, writeDocument(image))
  }
}

async function standOver(t: Parameters<typeof stand>[0], whole: readonly Image[], known = whole) {
  const there = await stand(t)
  there.fake.behave(glance(listing(whole), known))
  return {
    ...there,
    /** What is listed, and the paths that Glance was asked for. */
    after: async (marker: string, viewer: Viewer = OWNER, query = {}) => {
      there.fake.requests.length = 0
      const found = await listed(there.catalogue, viewer, query, { limit: 10, marker })
      return { ids: ids(found), paths: there.fake.requests.map(({ path }) => path) }
    },
  }
}

test('a page with a marker is one request, read before or not', async (t) => {
  const whole = images(50)
  const { after, fake } = await standOver(t, whole)
  const expected = { ids: ids(whole.slice(25, 35)), paths: [LIST] }
  assert.deepEqual(await after(idOf(26)), expected)
  assert.equal(parametersOf(fake.requests[0] ?? assert.fail())['marker'], idOf(26))
  assert.deepEqual(await after(idOf(26)), expected)
  assert.ok(parametersOf(fake.requests[0] ?? assert.fail())['created_at']?.startsWith('gte:'))
})

test('the marker is asked for where Glance’s list takes more of them than the viewer sees', async (t) => {
  const whole = images(50).map((image): Image => ({ ...image, visibility: 'public' }))
  const { after } = await standOver(t, whole)
  const page = ids(whole.slice(25, 35))
  for (const viewer of [ADMIN, UNSCOPED]) {
    assert.deepEqual(await after(idOf(26), viewer), {
      ids: page,
      paths: [`${LIST}/${idOf(26)}`, LIST],
    })
  }
  const upper = `ABC${idOf(1).slice(3)}`
  await assert.rejects(after(upper), LOST)
  await assert.rejects(after('../x'), LOST)
})

test('the marker alone is asked for where no image can match', async (t) => {
  const { after, fake } = await standOver(t, images(3))
  const nothing = { statuses: [] }
  const paths = [`${LIST}/${idOf(2)}`]
  assert.deepEqual(await after(idOf(2), OWNER, nothing), { ids: [], paths })
  await assert.rejects(after(idOf(9), OWNER, nothing), LOST)
  assert.equal(fake.requests.length, 1)
})

test('a marker that is there but not seen is answered like one that is not there', async (t) => {
  const { fake, after } = await standOver(t, images(3))
  for (const refusal of [400, 403, 404]) {
    for (const unseen of [403, 404]) {
      fake.behave(({ path }: SeenRequest) => status(path === LIST ? refusal : unseen))
      await assert.rejects(after(idOf(2)), LOST)
      assert.deepEqual(
        fake.requests.map(({ path }) => path),
        [LIST, `${LIST}/${idOf(2)}`],
      )
    }
  }
})

test('of a page that was read before, a marker that was deleted is not there', async (t) => {
  const whole = images(50)
  const { fake, after } = await standOver(t, whole)
  await after(idOf(26))
  const fewer = whole.filter(({ id }) => id !== idOf(26))
  fake.behave(glance(listing(fewer), fewer))
  await assert.rejects(after(idOf(26)), LOST)
  await assert.rejects(after(idOf(26)), LOST)
  assert.equal(fake.requests.length, 2)
})

test('a list refused for something else than its marker is a fault of Glance', async (t) => {
  const { fake, after } = await standOver(t, images(3))
  for (const [refusal, code] of [
    [400, 'upstream.invalid'],
    [403, 'upstream.forbidden'],
  ] as const) {
    fake.behave(glance(() => status(refusal), images(3)))
    await assert.rejects(after(idOf(2)), { code })
  }
})

test('a trouble of Glance is told as such, not as a marker that is lost', async (t) => {
  const { fake, after } = await standOver(t, images(3))
  fake.behave(({ path }: SeenRequest) => status(path === LIST ? 400 : 503))
  await assert.rejects(after(idOf(2)), { code: 'upstream.unavailable' })
  fake.behave(({ path }: SeenRequest) => status(path === LIST ? 400 : 401))
  await assert.rejects(after(idOf(2)), { code: 'token.refused' })
})

test('where the page after the first is lost, nothing before the caller’s marker is listed', async (t) => {
  const whole = images(20)
  const { fake, after } = await standOver(t, whole)
  // Nothing on the first page is an image, so the caller's marker is the last place that is known.
  const lists = (request: SeenRequest): Behaviour => {
    const { marker, created_at: before } = parametersOf(request)
    if (marker === idOf(11)) return page([{}, {}], `${LIST}?marker=${idOf(9)}`)
    if (marker !== undefined) return status(400)
    assert.ok(before?.startsWith('lte:'))
    return page(whole.map(writeDocument))
  }
  fake.behave(glance(lists, whole))
  const { ids: found } = await after(idOf(11))
  assert.deepEqual(found, ids(whole.slice(10)))
})

test('a reader who goes away takes the request for the marker along', async (t) => {
  const { fake, upstream, catalogue } = await stand(t)
  fake.behave(hang())
  const window = { limit: 10, marker: idOf(1) }
  const list = catalogue.list(ADMIN, {}, window)[Symbol.asyncIterator]()
  const outcome = list.next().then(
    () => 'answered',
    () => 'given up',
  )
  while (fake.requests.length === 0) await new Promise(setImmediate)
  await list.return?.()
  assert.equal(await outcome, 'given up')
  assert.equal(upstream.stats().running, 0)
})
