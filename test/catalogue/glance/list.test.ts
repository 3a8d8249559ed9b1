import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LIST_LIMITS } from '../../../src/catalogue/glance/glance-catalogue.ts'
import type { OddRows } from '../../../src/catalogue/glance/list-pages.ts'
import { writeDocument } from '../../../src/image/document.ts'
import { positionOf } from '../../../src/image/order.ts'
import {
  after,
  type Behaviour,
  drip,
  endsEarly,
  flood,
  garbage,
  hang,
  hangInBody,
  json,
  once,
  page,
  redirect,
  resetAtOnce,
  resetInBody,
  type SeenRequest,
  status,
  text,
} from '../../upstream/fake-upstream.ts'
import { listed } from '../contract.ts'
import { ADMIN, idOf, imageOf, OWNER, UNSCOPED } from '../images.ts'
import { ASKER, listing, parametersOf, stand } from './fake-glance.ts'

const ALL = { limit: Number.POSITIVE_INFINITY }
/** Newest first. */
const images = (count: number) => Array.from({ length: count }, (_, n) => imageOf(count - n))
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id)

test('a page is one request with the asker’s token and request id', async (t) => {
  const { fake, catalogue } = await stand(t)
  fake.behave(listing(images(30)))
  assert.deepEqual(await listed(catalogue, OWNER, { name: 'x:y' }, { limit: 26 }), [])
  fake.requests.length = 0
  assert.deepEqual(await listed(catalogue, OWNER, {}, { limit: 26 }), images(30).slice(0, 26))
  assert.equal(fake.requests.length, 1)
  const [request] = fake.requests
  assert.ok(request)
  assert.equal(request.path, '/v2/images')
  assert.deepEqual(parametersOf(request), {
    limit: '26',
    sort_key: 'created_at',
    sort_dir: 'desc',
  })
  assert.equal(request.headers['x-auth-token'], ASKER.token)
  assert.equal(request.headers['x-openstack-request-id'], ASKER.requestId)
})

test('what cannot match is not asked for', async (t) => {
  const { fake, catalogue } = await stand(t)
  for (const query of [{ statuses: [] }, { name: '\ud800' }, { minRamMib: Number.NaN }]) {
    assert.deepEqual(await listed(catalogue, OWNER, query), [])
  }
  assert.deepEqual(await listed(catalogue, OWNER, {}, { limit: 0 }), [])
  assert.equal(fake.requests.length, 0)
})

test('as many pages are read as a list needs, with nothing twice', async (t) => {
  const { fake, catalogue } = await stand(t)
  const whole = images(95)
  fake.behave(listing(whole, 20))
  assert.deepEqual(await listed(catalogue, OWNER), whole)
  assert.equal(fake.requests.length, 5)
  assert.deepEqual(await listed(catalogue, OWNER, {}, { limit: 41 }), whole.slice(0, 41))
  const rest = whole.slice(50)
  const window = { ...ALL, after: positionOf(imageOf(46)) }
  assert.deepEqual(ids(await listed(catalogue, OWNER, {}, window)), ids(rest))
})

test('the next page is on its way while the last is written out, and no further', async (t) => {
  const { fake, catalogue } = await stand(t)
  fake.behave(listing(images(100), 10))
  const list = catalogue.list(OWNER, {}, ALL)[Symbol.asyncIterator]()
  await list.next()
  while (fake.requests.length < 2) await sleep(5)
  await sleep(50)
  assert.equal(fake.requests.length, 2)
  await list.return?.()
  await sleep(50)
  assert.equal(fake.requests.length, 2)
})

test('a reader who goes away takes the request along', async (t) => {
  const { fake, upstream, catalogue } = await stand(t)
  fake.behave(hang())
  const list = catalogue.list(OWNER, {}, ALL)[Symbol.asyncIterator]()
  const first = list.next()
  const outcome = first.then(
    () => 'answered',
    () => 'given up',
  )
  while (fake.requests.length === 0) await sleep(5)
  await list.return?.()
  assert.equal(await outcome, 'given up')
  assert.equal(upstream.stats().running, 0)
})

test('a filter that Glance cannot be asked is matched here, and the page is full', async (t) => {
  const { fake, catalogue } = await stand(t)
  const whole = images(1000).map((image, n) =>
    n % 90 === 0 ? { ...image, properties: new Map([['limit', 'v']]) } : image,
  )
  fake.behave(listing(whole, 200))
  const query = { properties: new Map([['limit', 'v']]) }
  const found = await listed(catalogue, OWNER, query, { limit: 5 })
  assert.deepEqual(ids(found), ids(whole.filter((_, n) => n % 90 === 0)).slice(0, 5))
  for (const request of fake.requests) assert.ok(Number(parametersOf(request)['limit']) >= 100)
})

test('what a database that folds case sends too much is left out', async (t) => {
  const { fake, catalogue } = await stand(t)
  const whole = images(60).map((image, n) => ({ ...image, name: n % 2 === 0 ? 'twin' : 'TWIN' }))
  fake.behave(listing(whole, 20))
  const found = await listed(catalogue, OWNER, { name: 'twin' }, { limit: 25 })
  assert.equal(found.length, 25)
  assert.ok(found.every(({ name }) => name === 'twin'))
})

test('a search in vain ends, by rows and by time', async (t) => {
  const byRows = await stand(t, { limits: { vainRowsMax: 150 } })
  byRows.fake.behave(listing(images(1000), 100))
  const query = { properties: new Map([['limit', 'v']]) }
  await assert.rejects(listed(byRows.catalogue, OWNER, query), { code: 'upstream.timeout' })
  assert.equal(byRows.fake.requests.length, 2)
  const byTime = await stand(t, { limits: { searchTimeoutMs: 120 } })
  const answer = listing(images(1000), 10)
  byTime.fake.behave((request: SeenRequest) => after(50, answer(request)))
  await assert.rejects(listed(byTime.catalogue, OWNER, query), { code: 'upstream.timeout' })
  assert.ok(byTime.fake.requests.length <= 4)
  assert.ok(LIST_LIMITS.vainRowsMax > 1000)
})

describe('a "next" link', () => {
  const loops = (marker: string) => page([writeDocument(imageOf(9))], `/v2/images?marker=${marker}`)
  const cases: Readonly<Record<string, readonly Behaviour[]>> = {
    'that leads to itself': [loops(idOf(9))],
    'that leads round in a circle': [loops('a'), loops('b'), loops('a'), loops('b')],
    'without a marker': [page([], '/v2/images?limit=5')],
    'that is no text': [json(200, { images: [], next: 5 })],
  }
  for (const [name, behaviours] of Object.entries(cases)) {
    test(`${name} is no answer`, async (t) => {
      const { fake, catalogue } = await stand(t)
      fake.behave(once(...behaviours))
      await assert.rejects(listed(catalogue, OWNER), { code: 'upstream.invalid' })
      assert.ok(fake.requests.length <= 4)
    })
  }

  test('gives its marker and nothing else', async (t) => {
    const { fake, catalogue } = await stand(t)
    const elsewhere = `http://elsewhere.example/steal?visibility=all&limit=9&marker=a%26b`
    fake.behave(once(page([writeDocument(imageOf(2))], elsewhere), page([])))
    assert.equal((await listed(catalogue, OWNER)).length, 1)
    const [, second] = fake.requests
    assert.ok(second)
    const { limit, ...rest } = parametersOf(second)
    assert.deepEqual(rest, { marker: 'a&b', sort_key: 'created_at', sort_dir: 'desc' })
    assert.equal(limit, '1000')
  })
})

test('a marker that is deleted between two pages loses nothing and repeats nothing', async (t) => {
  const { fake, catalogue } = await stand(t)
  // Pairs of images of one second, newest first; the page ends within a pair.
  const whole = images(40).map((image, n) => ({ ...image, createdAt: 2000 - Math.floor(n / 2) }))
  let left: readonly (typeof whole)[number][] = whole
  fake.behave((request: SeenRequest) => {
    const { created_at: before, ...parameters } = parametersOf(request)
    const seconds = before && Date.parse(before.slice('lte:'.length)) / 1000
    const asked = left.filter(({ createdAt }) => !seconds || createdAt <= seconds)
    return listing(asked, 11)({ ...request, query: new URLSearchParams(parameters).toString() })
  })
  const seen: string[] = []
  const list = catalogue.list(OWNER, {}, { limit: 40 })
  for await (const batch of list) {
    seen.push(...ids(batch))
    // The next page is asked for already: this spoils the one after it.
    const last = batch.at(-1)?.id
    left = left.filter(({ id }) => id !== last)
    await sleep(20)
  }
  assert.deepEqual(seen, ids(whole))
  assert.ok(fake.requests.some(({ query }) => query.includes('created_at=lte%3A')))
})

test('a place that Glance does not know is gone on from by time and id', async (t) => {
  const { fake, catalogue } = await stand(t)
  const whole = images(6).map((image) => ({ ...image, createdAt: 5000 }))
  fake.behave((request: SeenRequest) => {
    const { created_at, ...parameters } = parametersOf(request)
    if (created_at !== undefined) assert.equal(created_at, 'lte:1970-01-01T01:23:21Z')
    return listing(whole)({ ...request, query: new URLSearchParams(parameters).toString() })
  })
  const after = { createdAt: 5000, id: `${idOf(3).slice(0, -1)}3x` }
  const found = await listed(catalogue, OWNER, {}, { limit: 9, after })
  assert.deepEqual(ids(found), [idOf(3), idOf(2), idOf(1)])
})

test('odd rows are repaired or left out, and told of; the list still answers', async (t) => {
  const told: OddRows[] = []
  const { fake, catalogue } = await stand(t, { onOddRows: (odd) => told.push(odd) })
  const good = writeDocument(imageOf(4))
  const rows = [good, null, { ...good, id: 7 }, { ...good, id: idOf(3), min_ram: 'much' }]
  fake.behave(page([...rows, { id: idOf(2) }, writeDocument(imageOf(1))]))
  const found = await listed(catalogue, OWNER)
  assert.deepEqual(ids(found), [idOf(4), idOf(3), idOf(1)])
  const examples = ['skipped', 'skipped', `${idOf(3)} min_ram`, 'skipped']
  assert.deepEqual(told, [{ skipped: 3, repaired: 1, examples }])
})

test('an unscoped token sees public images alone, whatever Glance sends', async (t) => {
  const { fake, catalogue } = await stand(t)
  const shared = imageOf(3, { owner: 'other', visibility: 'shared' })
  const open = imageOf(2, { owner: 'other', visibility: 'public' })
  fake.behave(page([shared, open].map(writeDocument)))
  assert.deepEqual(ids(await listed(catalogue, UNSCOPED)), [open.id])
  assert.equal(parametersOf(fake.requests[0] ?? assert.fail())['visibility'], 'public')
  assert.deepEqual(ids(await listed(catalogue, ADMIN)), [shared.id, open.id])
  fake.behave(json(200, writeDocument(shared)))
  await assert.rejects(catalogue.get(UNSCOPED, shared.id), { code: 'image.not_found' })
  assert.deepEqual(await catalogue.get(ADMIN, shared.id), shared)
  const alone = await stand(t, { areViewersKnown: false })
  alone.fake.behave(page([writeDocument(shared)]))
  assert.equal((await listed(alone.catalogue, UNSCOPED)).length, 1)
})

test('an answer too large comes again in smaller pages', async (t) => {
  const { fake, catalogue } = await stand(t, {}, { answerBytesMax: 40_000 })
  const whole = images(300)
  fake.behave(listing(whole))
  assert.deepEqual(ids(await listed(catalogue, OWNER)), ids(whole))
  assert.ok(Number(parametersOf(fake.requests.at(-1) ?? assert.fail())['limit']) < 100)
})

describe('faults of Glance', () => {
  const timeouts = { firstByteTimeoutMs: 150, gapTimeoutMs: 150, answerTimeoutMs: 400 }
  const limits = { ...timeouts, answerBytesMax: 1024 * 1024 }
  const cases: readonly (readonly [string, Behaviour, string])[] = [
    ['reset at once', resetAtOnce(), 'upstream.unavailable'],
    ['reset in the body', resetInBody(), 'upstream.unavailable'],
    ['an end before the end', endsEarly(), 'upstream.unavailable'],
    ['no answer', hang(), 'upstream.timeout'],
    ['half an answer', hangInBody(), 'upstream.timeout'],
    ['one byte at a time', drip('{"images": []}', 60), 'upstream.timeout'],
    ['a gigabyte', flood(), 'upstream.invalid'],
    ['no HTTP', garbage(), 'upstream.invalid'],
    ['no JSON', text(200, '{"images": ['), 'upstream.invalid'],
    ['another JSON', json(200, { images: {} }), 'upstream.invalid'],
    ['null', json(200, null), 'upstream.invalid'],
    ['nothing', text(200, ''), 'upstream.invalid'],
    ['no content', status(204), 'upstream.invalid'],
    ['a redirect', redirect('http://127.0.0.1:1/v2/images'), 'upstream.invalid'],
    ['300', json(300, { versions: [] }), 'upstream.invalid'],
    ['400', status(400), 'upstream.invalid'],
    ['401', status(401), 'token.refused'],
    ['403', status(403), 'upstream.forbidden'],
    ['404', status(404), 'upstream.invalid'],
    ['409', status(409), 'upstream.invalid'],
    ['413', status(413), 'upstream.invalid'],
    ['500', status(500), 'upstream.unavailable'],
    ['502', status(502), 'upstream.unavailable'],
    ['503', status(503), 'upstream.unavailable'],
    ['504', status(504), 'upstream.timeout'],
  ]
  for (const [name, behaviour, code] of cases) {
    test(`${name}: ${code}, nothing left behind`, async (t) => {
      const { fake, upstream, catalogue } = await stand(t, {}, limits)
      fake.behave(behaviour)
      const startMs = performance.now()
      await assert.rejects(listed(catalogue, OWNER), { name: 'CatalogueFault', code })
      assert.ok(performance.now() - startMs < 3000)
      assert.equal(upstream.stats().running + upstream.stats().waiting, 0)
      fake.behave(listing(images(3)))
      assert.equal((await listed(catalogue, OWNER)).length, 3)
    })
  }

  test('429 says when to come again, and the token is in no message', async (t) => {
    const { fake, catalogue } = await stand(t)
    fake.behave(status(429, { 'retry-after': '7' }))
    await assert.rejects(listed(catalogue, OWNER), (error: Error & { detail: string }) => {
      assert.ok(!`${error.message}${error.detail}${error.stack}`.includes(ASKER.token))
      assert.deepEqual(
        { ...error, detail: '' },
        {
          name: 'CatalogueFault',
          code: 'upstream.throttled',
          detail: '',
          retryAfterS: 7,
        },
      )
      return true
    })
  })

  test('a Glance that is not there: unavailable', async (t) => {
    const { fake, catalogue } = await stand(t)
    await fake.stop()
    await assert.rejects(listed(catalogue, OWNER), { code: 'upstream.unavailable' })
    await fake.start()
    fake.behave(listing(images(1)))
    assert.equal((await listed(catalogue, OWNER)).length, 1)
  })

  test('a fault on a later page comes after what came before it', async (t) => {
    const { fake, catalogue } = await stand(t, {}, { attemptsMax: 1 })
    fake.behave(
      once(page(images(10).map(writeDocument), `/v2/images?marker=${idOf(1)}`), status(503)),
    )
    const list = catalogue.list(OWNER, {}, ALL)[Symbol.asyncIterator]()
    assert.equal((await list.next()).value?.length, 10)
    await assert.rejects(list.next(), { code: 'upstream.unavailable' })
  })
})
