import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { isListed } from '../../../src/image/visibility.ts'
import { idOf, makeImage } from './images.ts'
import {
  type Ask,
  ask,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Served,
  serveBoth,
} from './serve.ts'

/** The link that each Compute list carries, followed on the image face over the same catalogue. */

const NAMES = [
  'plain',
  '',
  'in:plain,hidden',
  'eq:plain',
  'a,b',
  '"a,b"',
  'a "quoted" one',
  'Ubuntu 14.04: server',
  '2026-01-01T00:00:00Z',
  'back\\slash',
  'plus+ & = ; % # ?',
  "it's (*)~!",
  'Ünïcödé 😀',
]
const KEYS = [
  'os_distro',
  'instance_uuid',
  'image_type',
  'a b',
  'x_min',
  'limit',
  'keys',
  '_x',
  '%',
]
const STATUSES = ['active', 'queued', 'saving', 'killed', 'deactivated', 'uploading', 'importing']
const TIMES = ['2023-11-20T00:00:00Z', '2023-12-01T12:00:00Z', '2024-01-01T00:00:00Z']

const IMAGES = Array.from({ length: 60 }, (_, n) =>
  makeImage(n, {
    name: NAMES[n % NAMES.length],
    status: STATUSES[n % STATUSES.length],
    min_ram: (n % 3) * 512,
    min_disk: n % 2,
    visibility: n % 5 === 0 ? 'public' : 'private',
    ...(n % 7 === 0 ? { owner: OTHER_PROJECT } : {}),
    updated_at: TIMES[n % TIMES.length],
    [KEYS[n % KEYS.length] ?? '']: NAMES[n % 4],
  }),
)

const MEMBER = { project: PROJECT, isAdmin: false }

let image: Served
let compute: Served
let close: () => Promise<void>
before(async () => {
  ;({ image, compute, close } = await serveBoth(listCatalogue(IMAGES)))
})
after(() => close())

type Parameters = readonly (readonly [string, string])[]

interface List {
  readonly images: readonly { readonly id: string }[]
  readonly next?: string
}

/** What a Compute list finds, and the link to its successor. */
async function askCompute(parameters: Parameters, options: Ask) {
  const query = new URLSearchParams(parameters.map(([k, v]) => [k, v])).toString()
  const { status, headers, json } = await ask(compute, `/v2/images/detail?${query}`, options)
  assert.equal(status, 200, query)
  assert.match(String(headers['deprecation']), /^@\d+$/)
  const link = /^<http:\/\/images\.example(\/v2\/images[^>]*)>; rel="successor-version"/.exec(
    String(headers['link']),
  )
  assert.match(String(headers['link']), /rel="deprecation"; type="text\/html"$/)
  return { ids: (json as List).images.map(({ id }) => id), link: link?.[1] }
}

/** What the link finds: the first page, or, where Compute had no limit, all of them. */
async function follow(link: string, isWhole: boolean, options: Ask): Promise<string[]> {
  const ids: string[] = []
  let path: string | undefined = link
  while (path !== undefined) {
    const { status, json, text } = await ask(image, path, options)
    assert.equal(status, 200, `${path}: ${text}`)
    const { images, next } = json as List
    ids.push(...images.map(({ id }) => id))
    path = isWhole ? next : undefined
  }
  return ids
}

async function agree(parameters: Parameters, options: Ask = {}): Promise<string[]> {
  const { ids, link } = await askCompute(parameters, options)
  assert.ok(link !== undefined, `no link for ${JSON.stringify(parameters)}`)
  const isWhole = !parameters.some(([name, value]) => name === 'limit' && value !== '0')
  assert.deepEqual(await follow(link, isWhole, options), ids, link)
  return ids
}

test('a link finds the images of any name, whatever characters it has', async () => {
  for (const name of NAMES) assert.ok((await agree([['name', name]])).length > 0, name)
})

test('a link finds the images of each status word', async () => {
  for (const status of ['ACTIVE', 'SAVING', 'ERROR', 'UNKNOWN', 'queued', 'killed']) {
    assert.ok((await agree([['status', status]])).length > 0, status)
  }
})

test('a link finds nothing where the call finds nothing', async () => {
  for (const [name, value] of [
    ['status', 'nonsense'],
    ['status', 'pending_delete'],
    ['minRam', 'abc'],
    ['minRam', ''],
    ['minDisk', '9'.repeat(400)],
    ['changes-since', '9999-12-31T23:59:59-10:00'],
    ['property-owner', OTHER_PROJECT],
    ['property-name', 'plain'],
    ['property-', 'x'],
  ] as const) {
    assert.deepEqual(await agree([[name, value]]), [], `${name}=${value}`)
  }
})

test('a link goes back as far as the call, to times that have no four-digit year', async () => {
  const ids = await agree([['changes-since', '0001-01-01T00:00:00+10:00']])
  assert.equal(ids.length, IMAGES.filter((i) => isListed(i, MEMBER)).length)
})

test('a property whose name the Image service takes for something else has no link', async () => {
  for (const key of ['limit', 'sort_key', 'member_status', 'tag', 'x_min', 'keys', '_x']) {
    const { link } = await askCompute([[`property-${key}`, 'plain']], {})
    assert.equal(link, undefined, key)
  }
  const { ids } = await askCompute([['property-limit', 'eq:plain']], {})
  const expected = IMAGES.filter((i) => isListed(i, MEMBER))
    .filter((i) => i.properties.get('limit') === 'eq:plain')
    .map((i) => i.id)
  assert.ok(expected.length > 0)
  assert.deepEqual(ids, expected.toReversed())
})

test('a link of one image leads to that image', async () => {
  const path = `/v2/images/${idOf(1)}`
  const { headers } = await ask(compute, path)
  assert.ok(headers['link']?.includes(`<http://images.example${path}>; rel="successor-version"`))
  assert.equal((await ask(image, path)).status, 200)
})

test('an alternate link leads to the image, for a caller with and without a project', async () => {
  for (const prefix of ['/v2', `/v2/${PROJECT}`]) {
    const { json } = await ask(compute, `${prefix}/images/${idOf(1)}`)
    const { links } = (json as { image: { links: { rel: string; href: string }[] } }).image
    const href = links.find(({ rel }) => rel === 'alternate')?.href ?? ''
    const { status, headers } = await ask(image, new URL(href).pathname)
    assert.equal(status, 307, href)
    const found = await ask(image, new URL(headers.location ?? '').pathname)
    assert.equal((found.json as { id: string }).id, idOf(1))
  }
})

const parameter = fc.oneof(
  fc.tuple(fc.constant('name'), fc.constantFrom(...NAMES)),
  fc.tuple(fc.constant('status'), fc.constantFrom('ACTIVE', 'saving', 'Unknown', ...STATUSES)),
  fc.tuple(fc.constantFrom('minRam', 'minDisk'), fc.constantFrom('0', '1', ' 512', '+1', 'x', '')),
  fc.tuple(
    fc.constant('changes-since'),
    fc.constantFrom(...TIMES, '2023', '2023-12-01T12:00:00.5Z'),
  ),
  fc.tuple(fc.constantFrom('server', 'type'), fc.constantFrom(...NAMES)),
  fc.tuple(
    fc.constantFrom('property-os_distro', 'property-a b', 'property-%'),
    fc.constantFrom(...NAMES),
  ),
  fc.tuple(fc.constant('limit'), fc.constantFrom('0', '1', '7', '999999')),
  fc.tuple(fc.constant('marker'), fc.constantFrom(...[5, 10, 30].map(idOf))),
  fc.tuple(fc.constantFrom('sort_key', 'unknown'), fc.string()),
)

test('the link of any Compute list finds the same images', async () => {
  const query = fc.uniqueArray(parameter, { maxLength: 3, selector: ([name]) => name })
  const token = fc.constantFrom('member', 'stranger', 'admin', 'unscoped')
  await fc.assert(
    fc.asyncProperty(query, token, async (parameters, token) => {
      await agree(parameters, { token })
    }),
    { numRuns: 300 },
  )
})
