import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { NO_POLICY } from '../../../src/deprecation/policy.ts'
import { idOf, makeImage } from './images.ts'
import { type Ask, ask, listCatalogue, OTHER_PROJECT, type Served, serveBoth } from './serve.ts'

/** The link to the vendor's query, followed on the image face over the same catalogue. */

const NAMES = ['plain', 'in:plain,hidden', 'a,b', 'plus+ & = ; % # ?', 'Ünïcödé 😀']
const STATUSES = ['active', 'queued', 'saving', 'killed', 'deactivated']
const TIMES = ['2023-11-20T00:00:00Z', '2023-12-01T12:00:00Z', '2024-01-01T00:00:00Z']
const KEYS = ['__os_type', '__x y', 'virtual_env_type', '__whole_image']

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

let image: Served
let compute: Served
let close: () => Promise<void>
before(async () => {
  ;({ image, compute, close } = await serveBoth(listCatalogue(IMAGES), {
    ...NO_POLICY,
    successor: 'ims',
  }))
})
after(() => close())

type Parameters = readonly (readonly [string, string])[]
type List = { readonly images: readonly { readonly id: string }[] }

/** @returns how many images both found; undefined where there is no link. */
async function agree(parameters: Parameters, options: Ask): Promise<number | undefined> {
  const query = new URLSearchParams(parameters.map(([k, v]) => [k, v])).toString()
  const found = await ask(compute, `/v2/images/detail?${query}`, options)
  assert.equal(found.status, 200, query)
  const link = /<http:\/\/images\.example([^>]*)>; rel="successor-version"/.exec(
    String(found.headers['link']),
  )?.[1]
  if (link === undefined) return undefined
  const successor = await ask(image, link, options)
  assert.equal(successor.status, 200, `${link}: ${successor.text}`)
  const ids = ({ json }: { readonly json: unknown }) => (json as List).images.map(({ id }) => id)
  assert.deepEqual(ids(successor), ids(found), link)
  return ids(found).length
}

const parameter = fc.oneof(
  fc.tuple(fc.constant('name'), fc.constantFrom(...NAMES)),
  fc.tuple(fc.constant('status'), fc.constantFrom('ACTIVE', 'ERROR', 'saving', ...STATUSES)),
  fc.tuple(fc.constantFrom('minRam', 'minDisk'), fc.constantFrom('0', '1', ' 512', '-1', 'x')),
  fc.tuple(fc.constant('changes-since'), fc.constantFrom(...TIMES, '2023')),
  fc.tuple(fc.constant('server'), fc.constantFrom(...NAMES)),
  fc.tuple(fc.constantFrom(...KEYS.map((key) => `property-${key}`)), fc.constantFrom(...NAMES)),
  fc.tuple(fc.constant('limit'), fc.constantFrom('0', '1', '7', '999999')),
  fc.tuple(fc.constant('marker'), fc.constantFrom(...[5, 10, 30].map(idOf))),
)

test('the link of any list to the vendor’s query finds the same images, for every caller', async () => {
  const query = fc.uniqueArray(parameter, { maxLength: 3, selector: ([name]) => name })
  const token = fc.constantFrom('member', 'stranger', 'admin', 'unscoped')
  let followed = 0
  let filled = 0
  await fc.assert(
    fc.asyncProperty(query, token, async (parameters, token) => {
      const count = await agree(parameters, { token })
      if (count !== undefined) followed += 1
      if (count !== undefined && count > 0) filled += 1
    }),
    { numRuns: 300 },
  )
  assert.ok(followed > 50 && filled > 20, `${followed} followed, ${filled} of them not empty`)
})

test('a free property whose name the vendor does not ask by, and two statuses, have no link', async () => {
  for (const [name, value] of [
    ['server', 'plain'],
    ['property-os', 'plain'],
    ['property-__whole_image', 'false'],
    ['status', 'SAVING'],
  ] as const) {
    assert.equal(await agree([[name, value]], {}), undefined, name)
  }
})
