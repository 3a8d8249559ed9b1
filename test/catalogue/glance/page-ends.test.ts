import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openGlance } from '../../../src/catalogue/glance/glance-catalogue.ts'
import { PageEnds } from '../../../src/catalogue/glance/page-ends.ts'
import { positionOf } from '../../../src/image/order.ts'
import { printTime } from '../../../src/image/time.ts'
import { type SeenRequest, status } from '../../upstream/fake-upstream.ts'
import { listed } from '../contract.ts'
import { imageOf, OWNER } from '../images.ts'
import { ASKER, listing, parametersOf, stand } from './fake-glance.ts'

const PAGE = { limit: 10 }
/** Newest first, two in each second, so that pages end in the midst of one. */
const images = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    imageOf(count - n, { createdAt: 1_700_000_000 + Math.floor((count - n) / 2) }),
  )

/** Reads the page, and tells which times its requests named. */
async function timesAsked(
  { fake, catalogue }: Awaited<ReturnType<typeof stand>>,
  window: Parameters<typeof listed>[3] = PAGE,
) {
  fake.requests.length = 0
  const found = await listed(catalogue, OWNER, {}, window)
  return { found, times: fake.requests.map((request) => parametersOf(request)['created_at']) }
}

const since = (image = imageOf(0)) => `gte:${printTime(image.createdAt - 1)}`

async function knownPage(t: TestContext) {
  const there = await stand(t)
  const all = images(50)
  there.fake.behave(listing(all))
  assert.deepEqual(await timesAsked(there), { found: all.slice(0, 10), times: [undefined] })
  return { there, all }
}

test('a page that is asked for again is asked for no further back than it went', async (t) => {
  const { there, all } = await knownPage(t)
  const again = await timesAsked(there)
  assert.deepEqual(again, { found: all.slice(0, 10), times: [since(all[9])] })
  const after = { ...PAGE, after: positionOf(all[24] ?? imageOf(0)) }
  const later = { found: all.slice(25, 35), times: [undefined] }
  assert.deepEqual(await timesAsked(there, after), later)
  assert.deepEqual(await timesAsked(there, after), { ...later, times: [since(all[34])] })
})

test('new images move the end on', async (t) => {
  const { there } = await knownPage(t)
  const more = images(70)
  there.fake.behave(listing(more))
  assert.deepEqual((await timesAsked(there)).found, more.slice(0, 10))
  assert.deepEqual((await timesAsked(there)).times, [since(more[9])])
})

test('a page that images are gone from is asked for again, all of it', async (t) => {
  const { there, all } = await knownPage(t)
  const fewer = all.slice(6)
  there.fake.behave(listing(fewer))
  const asked = await timesAsked(there)
  assert.deepEqual(asked, { found: fewer.slice(0, 10), times: [since(all[9]), undefined] })
  assert.deepEqual((await timesAsked(there)).times, [since(fewer[9])])
})

test('of a page that is not full no end is known', async (t) => {
  const { there, all } = await knownPage(t)
  there.fake.behave(listing(all.slice(0, 4)))
  assert.deepEqual((await timesAsked(there)).times, [since(all[9]), undefined])
  assert.deepEqual((await timesAsked(there)).times, [undefined])
})

test('nothing is known of a page of other callers, nor where nobody says who callers are', async (t) => {
  const { there, all } = await knownPage(t)
  const catalogueFor = openGlance(there.upstream, { areViewersKnown: true })
  const others = [
    { ...ASKER, projectId: 'other' },
    { ...ASKER, roles: ['admin', 'member'] },
  ]
  await listed(catalogueFor(ASKER), OWNER, {}, PAGE)
  for (const asker of others) {
    const { times } = await timesAsked({ ...there, catalogue: catalogueFor(asker) })
    assert.deepEqual(times, [undefined])
  }
  const same = { ...ASKER, token: 'another', userId: 'another' }
  const { times } = await timesAsked({ ...there, catalogue: catalogueFor(same) })
  assert.deepEqual(times, [since(all[9])])
  const unknown = await stand(t, { areViewersKnown: false })
  unknown.fake.behave(listing(all))
  await timesAsked(unknown)
  assert.deepEqual((await timesAsked(unknown)).times, [undefined])
})

test('a Glance that refuses the time is asked without it', async (t) => {
  const { there, all } = await knownPage(t)
  const asWhole = listing(all)
  there.fake.behave((request: SeenRequest) =>
    parametersOf(request)['created_at'] === undefined ? asWhole(request) : status(400),
  )
  const { found, times } = await timesAsked(there)
  assert.deepEqual(found, all.slice(0, 10))
  assert.equal(times.length, 2)
})

test('a fault in the answer is that fault', async (t) => {
  const { there } = await knownPage(t)
  there.fake.behave(status(500))
  await assert.rejects(timesAsked(there), { code: 'upstream.unavailable' })
})

test('the end of a page is not known for ever, nor of one that takes long to name', () => {
  const ends = new PageEnds()
  const page = (n: number) => ends.of(['own', `name=${n}`])
  page(0).set(7)
  ends.of(['own', 'x'.repeat(2_000)]).set(7)
  assert.equal(page(0).get(), 7)
  assert.equal(ends.of(['own', 'x'.repeat(2_000)]).get(), undefined)
  for (let n = 1; n <= 2_000; n += 1) page(n).set(n)
  assert.equal(page(0).get(), undefined)
  assert.equal(page(1).get(), 1)
})
