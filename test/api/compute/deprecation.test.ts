import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeprecationPolicy, NO_POLICY } from '../../../src/deprecation/policy.ts'
import { parseWindow } from '../../../src/deprecation/window.ts'
import { ALT, DEMO, makeImage, startServer, type TestAnswer, users } from './server.ts'

const SUNSET = Date.parse('2027-06-30T00:00:00Z')
const list = `/v2.1/${DEMO}/images/detail`

function serve(given: Partial<DeprecationPolicy>, images = [makeImage()]) {
  const policy = { ...NO_POLICY, ...given }
  return startServer(images, users, { deprecation: () => policy })
}

function linkOf({ headers }: TestAnswer, rel: string): string | undefined {
  return new RegExp(`<([^>]*)>; rel="${rel}"`).exec(String(headers['link']))?.[1]
}

test('a set date is in Sunset, and the page of the operator in Link, on every answer', async () => {
  const image = makeImage()
  const policyUrl = 'https://cloud.example/images?why#now'
  await using server = await serve({ sunsetAt: SUNSET / 1000, policyUrl }, [image])
  for (const path of ['images', 'images/detail', `images/${image.id}`, 'images/nosuch']) {
    const answer = await server.ask(`/v2/${DEMO}/${path}`)
    assert.equal(answer.headers['sunset'], 'Wed, 30 Jun 2027 00:00:00 GMT', path)
    assert.equal(answer.headers['deprecation'], '@1466553600', path)
    assert.equal(linkOf(answer, 'deprecation'), policyUrl, path)
  }
})

test('without a date there is no Sunset, and the page is the built-in one', async () => {
  await using server = await serve({})
  const answer = await server.ask(list)
  assert.equal(answer.headers['sunset'], undefined)
  assert.equal(linkOf(answer, 'deprecation'), 'http://compute.test/deprecation')
  assert.equal((await server.ask('/deprecation')).status, 200)
})

test('faults of known calls name the successor, the 404 above 2.35 first of all', async () => {
  const image = makeImage()
  await using server = await serve({}, [image])
  const asked = (version: string) => ({
    headers: { 'openstack-api-version': `compute ${version}` },
  })
  const newer = await server.ask(`${list}?status=ACTIVE`, asked('2.36'))
  assert.equal(newer.status, 404)
  assert.equal(newer.headers['openstack-api-version'], 'compute 2.36')
  assert.equal(linkOf(newer, 'successor-version'), 'http://image.test/v2/images?status=active')
  for (const [url, status, successor] of [
    [`/v2.1/${DEMO}/images/nosuch`, 404, 'http://image.test/v2/images/nosuch'],
    [`/v2.1/${ALT}/images/${image.id}`, 400, `http://image.test/v2/images/${image.id}`],
    [`${list}?limit=x`, 400, undefined],
    [`${list}?marker=${ALT}`, 400, `http://image.test/v2/images?marker=${ALT}`],
  ] as const) {
    const answer = await server.ask(url)
    assert.equal(answer.status, status, url)
    assert.equal(linkOf(answer, 'successor-version'), successor, url)
    assert.equal(linkOf(answer, 'deprecation'), 'http://compute.test/deprecation', url)
  }
})

test('faults before a call is known tell of the end, and only those of images', async () => {
  await using server = await serve({})
  const nobody = await server.ask(list, { headers: { 'x-auth-token': 'nobody' } })
  assert.equal(nobody.status, 401)
  assert.equal(nobody.headers['deprecation'], '@1466553600')
  const wrongPath = await server.ask(`/v2.1/${DEMO}/images/a/b/c/d`)
  assert.equal(wrongPath.status, 404)
  assert.equal(wrongPath.headers['deprecation'], '@1466553600')
  const servers = await server.ask(`/v2.1/${DEMO}/servers`)
  assert.equal(servers.headers['deprecation'], undefined)
})

test('a Link of more than 4 KiB is left out, and the answer is the same', async () => {
  await using server = await serve({})
  const answer = await server.ask(`${list}?name=${'n'.repeat(5000)}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['link'], undefined)
  assert.equal(answer.headers['deprecation'], '@1466553600')
})

test('the successor can be the query of the vendor, where it asks the same', async () => {
  await using server = await serve({ successor: 'ims' })
  for (const [query, successor] of [
    ['', 'http://image.test/v2/cloudimages'],
    ['?name=in:a,b&minRam=1', 'http://image.test/v2/cloudimages?name=in%3Aa%2Cb&min_ram=1'],
    [
      '?status=ACTIVE&changes-since=2024-01-01T00:00:00Z&limit=5',
      'http://image.test/v2/cloudimages?status=active&updated_at=gte%3A2024-01-01T00%3A00%3A00Z&limit=5',
    ],
    ['?property-__os_type=Linux', 'http://image.test/v2/cloudimages?__os_type=Linux'],
    ['?status=SAVING', undefined],
    ['?property-os_type=linux', undefined],
    ['?property-__imagetype=gold', undefined],
    ['?minDisk=x', undefined],
  ] as const) {
    const answer = await server.ask(`${list}${query}`)
    assert.equal(linkOf(answer, 'successor-version'), successor, query)
  }
})

test('images are served above 2.35 if the operator says so, and only then', async () => {
  const image = makeImage()
  await using strict = await startServer([image])
  await using open = await startServer([image], users, { isServedAboveMicroversion: true })
  for (const path of ['images/detail', `images/${image.id}`, `images/${image.id}/metadata`]) {
    for (const version of ['2.36', '2.39', '2.93', 'latest']) {
      const asked = { headers: { 'openstack-api-version': `compute ${version}` } }
      const answer = await open.ask(`/v2.1/${DEMO}/${path}`, asked)
      assert.equal(answer.status, 200, `${path} ${version}`)
      const shown = version === 'latest' ? '2.93' : version
      assert.equal(answer.headers['openstack-api-version'], `compute ${shown}`)
    }
    const asked = { headers: { 'openstack-api-version': 'compute 2.39' } }
    assert.equal((await strict.ask(`/v2.1/${DEMO}/${path}`, asked)).status, 404, path)
  }
  const beyond = { headers: { 'openstack-api-version': 'compute 2.94' } }
  assert.equal((await open.ask(list, beyond)).status, 406)
})

test('after the date every image call is 410, with the same headers', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: SUNSET - 1 })
  const image = makeImage()
  await using server = await serve({ sunsetAt: SUNSET / 1000, afterSunset: 'gone' }, [image])
  const before = await server.ask(list)
  assert.equal(before.status, 200)
  t.mock.timers.setTime(SUNSET)
  const calls = [
    ['GET', 'images'],
    ['HEAD', 'images/detail'],
    ['GET', `images/${image.id}`],
    ['DELETE', `images/${image.id}`],
    ['GET', `images/${image.id}/metadata`],
    ['PUT', `images/${image.id}/metadata/a`],
  ] as const
  for (const [method, path] of calls) {
    const answer = await server.ask(`/v2.1/${DEMO}/${path}`, { method })
    assert.equal(answer.status, 410, `${method} ${path}`)
    assert.equal(answer.headers['sunset'], before.headers['sunset'])
    assert.ok(linkOf(answer, 'successor-version') !== undefined)
  }
  const { json, headers } = await server.ask(list)
  assert.equal(headers['link'], before.headers['link'])
  assert.deepEqual(Object.keys(json as object), ['itemNotFound'])
  // What is not about images goes on, and nobody learns more without a token.
  assert.equal((await server.ask('/v2.1/')).status, 200)
  assert.equal((await server.ask(list, { headers: { 'x-auth-token': 'nobody' } })).status, 401)
})

test('named projects and clients are served after the date', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: SUNSET })
  await using server = await serve({
    sunsetAt: SUNSET / 1000,
    afterSunset: 'gone',
    exceptProjects: [ALT],
    exceptClients: ['gophercloud'],
  })
  const ask = async (token: string, agent: string) =>
    (await server.ask('/v2/images', { headers: { 'x-auth-token': token, 'user-agent': agent } }))
      .status
  assert.equal(await ask('demo', 'curl/8'), 410)
  assert.equal(await ask('alt', 'curl/8'), 200)
  assert.equal(await ask('demo', 'gophercloud/v1.14.1'), 200)
})

test('a brownout answers exactly as after the date, and ends by itself', async (t) => {
  const window = parseWindow('Tue 10:00-10:15 UTC')
  assert.ok(window !== undefined)
  const images = [makeImage()]
  await using brown = await serve({ brownouts: [window], sunsetAt: SUNSET / 1000 }, images)
  await using gone = await serve({ sunsetAt: SUNSET / 1000, afterSunset: 'gone' }, images)
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-12-01T09:59:59Z') })
  const good = await brown.ask(list)
  assert.equal(good.status, 200)
  t.mock.timers.setTime(Date.parse('2026-12-01T10:00:00Z'))
  const refused = await brown.ask(list)
  t.mock.timers.setTime(SUNSET)
  const after = await gone.ask(list)
  assert.equal(refused.status, 410)
  const comparable = ({ status, text, headers }: TestAnswer) => {
    const { date: _, 'x-openstack-request-id': _a, 'x-compute-request-id': _b, ...rest } = headers
    return { status, text, rest }
  }
  assert.deepEqual(comparable(refused), comparable(after))
  t.mock.timers.setTime(Date.parse('2026-12-01T10:15:00Z'))
  assert.equal((await brown.ask(list)).text, good.text)
})

test('the page tells people in HTML and programs in JSON, without a token', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-12-01T09:59:59Z') })
  const window = parseWindow('Tue 10:00-10:15 UTC')
  assert.ok(window !== undefined)
  const policyUrl = 'https://cloud.example/?a=1&b=2'
  await using server = await serve({ sunsetAt: SUNSET / 1000, brownouts: [window], policyUrl })
  const anonymous = { 'x-auth-token': '' }
  const page = await server.ask('/deprecation', { headers: anonymous })
  assert.equal(page.status, 200)
  assert.equal(page.headers['content-type'], 'text/html; charset=UTF-8')
  for (const part of [
    '2027-06-30T00:00:00Z',
    'Tue 10:00-10:15 UTC',
    '2026-12-01T10:00:00Z',
    'http://image.test/v2/images?status=active',
    'href="https://cloud.example/?a=1&amp;b=2"',
    'openstack image list',
    'connection.image.images',
    'gophercloud',
    'Terraform',
  ]) {
    assert.ok(page.text.includes(part), part)
  }
  const headers = { ...anonymous, accept: 'application/json' }
  const { json } = await server.ask('/deprecation', { headers })
  const notice = json as { sunsetAt: string; brownouts: object[]; replacements: object[] }
  assert.equal(notice.sunsetAt, '2027-06-30T00:00:00Z')
  assert.equal(notice.brownouts.length, 1)
  assert.ok(notice.replacements.length > 0)
  assert.equal((await server.ask('/deprecation', { method: 'POST' })).status, 405)
  assert.equal((await server.ask('/deprecation', { method: 'HEAD' })).text, '')
})
