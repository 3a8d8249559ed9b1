import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readListRequest } from '../../../src/api/image/query.ts'
import { printTime } from '../../../src/image/time.ts'
import { idOf, makeImage } from './images.ts'
import {
  type Ask,
  ask,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Served,
  serveImages,
} from './serve.ts'

interface Page {
  readonly images: readonly { readonly id: string }[]
  readonly first: string
  readonly next?: string
  readonly schema: string
}

const IMAGES = [
  makeImage(1, { name: 'plain', min_ram: 512, min_disk: 10 }),
  makeImage(2, { name: 'a,b', status: 'queued' }),
  makeImage(3, { name: 'Ubuntu 14.04: server', status: 'saving', os_distro: 'ubuntu' }),
  makeImage(4, { name: 'a "quoted" one', updated_at: '2030-01-01T00:00:00Z' }),
  makeImage(5, { name: '', visibility: 'public', owner: OTHER_PROJECT, os_distro: 'in:ubuntu' }),
  makeImage(6, { name: '2026-01-01T00:00:00Z', status: 'deactivated' }),
  makeImage(7, { name: 'theirs', visibility: 'private', owner: OTHER_PROJECT }),
  makeImage(8, { name: 'hidden', os_hidden: true }),
  makeImage(9, { name: null, status: 'killed' }),
]

let served: Served
let crowd: Served
before(async () => {
  served = await serveImages(listCatalogue(IMAGES))
  crowd = await serveImages(listCatalogue(Array.from({ length: 1100 }, (_, n) => makeImage(n))))
})
after(async () => {
  await served.close()
  await crowd.close()
})

async function page(query: string, of: Served = served): Promise<Page> {
  const { status, json, text } = await ask(of, `/v2/images${query}`)
  assert.equal(status, 200, `${query}: ${text}`)
  return json as Page
}

async function found(query: string): Promise<number[]> {
  return (await page(query)).images.map(({ id }) => Number(id.slice(-3)))
}

async function refused(query: string, options: Ask = {}): Promise<string> {
  const { status, json } = await ask(served, `/v2/images${query}`, options)
  assert.equal(status, 400, query)
  return (json as { message: string }).message
}

test('a list has every image that the caller sees, newest first, in documents as shown by id', async () => {
  const { images, ...rest } = await page('')
  assert.deepEqual(rest, { first: '/v2/images', schema: '/v2/schemas/images' })
  assert.deepEqual(
    images.map(({ id }) => id),
    [9, 6, 5, 4, 3, 2, 1].map(idOf),
  )
  for (const image of images) {
    assert.deepEqual((await ask(served, `/v2/images/${image.id}`)).json, image)
  }
})

test('a list shows each caller what is theirs', async () => {
  for (const [token, ids] of [
    ['stranger', [7, 5]],
    ['admin', [9, 7, 6, 5, 4, 3, 2, 1]],
    ['unscoped', [5]],
  ] as const) {
    const { json } = await ask(served, '/v2/images', { token })
    const shown = (json as Page).images.map(({ id }) => id)
    assert.deepEqual(shown, ids.map(idOf), token)
  }
})

test('a page has 25 images if nothing is said, and at most 1000', async () => {
  for (const [query, count] of [
    ['', 25],
    ['?limit=3', 3],
    ['?limit=%2B3', 3],
    ['?limit=1000', 1000],
    ['?limit=1001', 1000],
    ['?limit=99999999999999999999', 1000],
    ['?limit=1;limit=2', 2],
  ] as const) {
    const { images, next } = await page(query, crowd)
    assert.equal(images.length, count, query)
    assert.ok(next !== undefined)
  }
})

test('a limit of zero is an empty page without a next one', async () => {
  assert.deepEqual(await page('?limit=0'), {
    images: [],
    first: '/v2/images?limit=0',
    schema: '/v2/schemas/images',
  })
})

test('next leads on, keeps every parameter, and stops after the last image', async () => {
  const ids: string[] = []
  let query: string | undefined = '?name=in:%22image%201%22&limit=7&limit=100&limit=400'
  const start = await page(query, crowd)
  assert.equal(start.first, '/v2/images?name=in%3A%22image+1%22&limit=400')
  assert.equal(start.next, undefined)

  query = '?status=active&limit=400'
  for (let pages = 1; query !== undefined; pages += 1) {
    const { images, first, next }: Page = await page(query, crowd)
    assert.equal(first, '/v2/images?status=active&limit=400')
    ids.push(...images.map(({ id }) => id))
    const last = images.at(-1)?.id
    const expected = `/v2/images?status=active&limit=400&marker=${last}`
    assert.equal(next, pages < 3 ? expected : undefined)
    query = next?.slice('/v2/images'.length)
  }
  assert.deepEqual(
    ids,
    Array.from({ length: 1100 }, (_, n) => idOf(1099 - n)),
  )
})

test('a page that ends with the last image has no next one', async () => {
  assert.equal((await page('?limit=7')).next, undefined)
  assert.ok((await page('?limit=6')).next !== undefined)
})

test('next leads on from a page that large images made short', async () => {
  const properties = Object.fromEntries(
    Array.from({ length: 16 }, (_, n) => [`p${n}`, 'x'.repeat(65_535)]),
  )
  const large = Array.from({ length: 10 }, (_, n) => makeImage(n + 1, properties))
  const of = await serveImages(listCatalogue(large))
  try {
    const first = await page('?limit=1000', of)
    assert.equal(first.images.length, 7)
    assert.equal(first.next, `/v2/images?limit=1000&marker=${idOf(4)}`)
    const second = await page(`?limit=1000&marker=${idOf(4)}`, of)
    assert.deepEqual([second.images.length, second.next], [3, undefined])
  } finally {
    await of.close()
  }
})

test('an image that a list leaves out is a good marker, one that the caller cannot see is not', async () => {
  assert.deepEqual(await found(`?marker=${idOf(8)}`), [6, 5, 4, 3, 2, 1])
  for (const marker of [idOf(7), idOf(99), 'x', '']) {
    assert.equal(await refused(`?marker=${marker}`), `No image found with ID ${marker}`)
  }
})

test('limits that are not whole numbers of zero or more are refused', async () => {
  for (const limit of ['x', '', '1.5', '1_0', '0x1', '%D9%A1']) {
    assert.equal(await refused(`?limit=${limit}`), 'limit param must be an integer')
  }
  assert.equal(await refused('?limit=-1'), 'limit param must be positive')
})

test('filters find what they ask for', async () => {
  for (const [query, expected] of [
    ['name=plain', [1]],
    ['name=Plain', []],
    ['name=', [5]],
    ['name=eq:plain', [1]],
    ['name=a,b', [2]],
    ['name=in:%22a,b%22', [2]],
    ['name=in:plain,plain', [1]],
    ['name=in:plain,hidden,%22a,b%22', [2, 1]],
    ['name=in:', []],
    ['name=in:&status=active', []],
    ['name=eq:Ubuntu+14.04:+server', [3]],
    ['name=2026-01-01T00:00:00Z', [6]],
    ['name=a+%22quoted%22+one', [4]],
    ['status=active', [5, 4, 1]],
    ['status=ACTIVE', []],
    ['status=in:queued,saving', [3, 2]],
    ['status=in:', []],
    ['status=deleted', []],
    ['status=nonsense', []],
    ['min_ram=512', [1]],
    ['min_ram=0', [9, 6, 5, 4, 3, 2]],
    ['min_ram=abc', []],
    ['min_ram=', []],
    ['min_disk=10', [1]],
    ['min_disk=10.0', []],
    ['updated_at=gte:2030-01-01T00:00:00Z', [4]],
    ['updated_at=gte:2030-01-01T02:00:00%2B02:00', [4]],
    ['updated_at=gte:2030-01-01T00:00:01Z', []],
    ['os_distro=ubuntu', [3]],
    ['os_distro=in:ubuntu', [5]],
    ['os_distro=ubuntu&status=active', []],
    ['nothing=has+this', []],
    ['=x', []],
  ] as const) {
    assert.deepEqual(await found(`?${query}`), expected, query)
  }
})

test('a list comes in any order that is asked for, whole by creation and id', async () => {
  for (const [query, expected] of [
    ['sort=created_at', [9, 6, 5, 4, 3, 2, 1]],
    ['sort=created_at:asc', [1, 2, 3, 4, 5, 6, 9]],
    ['sort=name:asc', [9, 5, 6, 3, 4, 2, 1]],
    ['sort_key=name&sort_dir=asc', [9, 5, 6, 3, 4, 2, 1]],
    ['sort_key=name&sort_key=created_at', [1, 2, 4, 3, 6, 5, 9]],
    ['sort=status', [3, 2, 9, 6, 5, 4, 1]],
    ['sort=status:asc', [1, 4, 5, 6, 9, 2, 3]],
    ['sort_key=status&sort_dir=asc', [1, 4, 5, 6, 9, 2, 3]],
    ['sort=status:asc,created_at:desc', [5, 4, 1, 6, 9, 2, 3]],
    ['sort_key=status&sort_key=created_at&sort_dir=asc&sort_dir=desc', [5, 4, 1, 6, 9, 2, 3]],
    ['sort_dir=asc', [1, 2, 3, 4, 5, 6, 9]],
    ['sort=+id+:+asc+', [1, 2, 3, 4, 5, 6, 9]],
  ] as const) {
    assert.deepEqual(await found(`?${query}`), expected, query)
  }
})

test('next leads through every order, and keeps each key of it', async () => {
  for (const order of ['sort_key=status&sort_key=name&sort_dir=asc&sort_dir=desc', 'sort=name']) {
    const whole = await found(`?${order}`)
    const ids: number[] = []
    let query: string | undefined = `?${order}&limit=2`
    while (query !== undefined) {
      const { images, next }: Page = await page(query)
      ids.push(...images.map(({ id }) => Number(id.slice(-3))))
      query = next?.slice('/v2/images'.length)
    }
    assert.deepEqual(ids, whole)
  }
})

test('an order that there is not is refused in the words of Glance', async () => {
  const keys = 'name, status, container_format, disk_format, size, id, created_at, updated_at'
  for (const [query, message] of [
    ['sort_key=x', `Invalid sort key: x. It must be one of the following: ${keys}.`],
    ['sort=', `Invalid sort key: . It must be one of the following: ${keys}.`],
    ['sort=name:up', 'Invalid sort direction: up'],
    ['sort_dir=x', 'Invalid sort direction: x'],
    ['sort=name&sort_key=name', 'Old and new sorting syntax cannot be combined'],
    [
      'sort_key=name&sort_dir=asc&sort_dir=desc',
      'Number of sort dirs does not match the number of sort keys',
    ],
  ] as const) {
    assert.equal(await refused(`?${query}`), message)
  }
})

test('tags, sizes, formats, owners, visibility and times are filters', async () => {
  const images = [
    makeImage(1, { tags: ['a', 'b'], size: 10, disk_format: 'raw', container_format: 'bare' }),
    makeImage(2, { tags: ['a'], size: 20, disk_format: 'iso', protected: true }),
    makeImage(3, { visibility: 'community', owner: OTHER_PROJECT, virtual_size: 5 }),
    makeImage(4, { visibility: 'community', checksum: 'c', os_hash_value: 'h' }),
    makeImage(5, shared('pending')),
    makeImage(6, shared('accepted')),
    makeImage(7, shared('rejected')),
    makeImage(8, { os_hidden: true, min_ram: 64 }),
  ]
  const of = await serveImages(listCatalogue(images))
  try {
    for (const [query, expected] of [
      ['', [6, 4, 2, 1]],
      ['tag=a', [2, 1]],
      ['tag=a&tag=b', [1]],
      ['tag=+a+', [2, 1]],
      ['tag=c', []],
      ['size_min=20', [2]],
      ['size_max=19', [1]],
      ['size_min=10&size_max=20', [2, 1]],
      ['size=10', [1]],
      ['size=x', []],
      ['virtual_size_min=1&visibility=all', [3]],
      ['disk_format=in:raw,iso', [2, 1]],
      ['container_format=bare', [1]],
      ['protected=true', [2]],
      ['protected=false', [6, 4, 1]],
      [`owner=${OTHER_PROJECT}`, [6]],
      ['visibility=community', [4, 3]],
      ['visibility=all', [6, 4, 3, 2, 1]],
      ['visibility=public', []],
      ['visibility=', []],
      ['member_status=pending&visibility=shared', [5, 2, 1]],
      ['member_status=rejected&tag=x', []],
      ['member_status=all', [7, 6, 5, 4, 2, 1]],
      ['os_hidden=true', [8]],
      ['os_hidden=True&min_ram_min=64', [8]],
      ['os_hidden=True&min_ram_max=63', []],
      ['checksum=c', [4]],
      ['os_hash_value=h', [4]],
      [`id=${idOf(2)}`, [2]],
      [`id=in:${idOf(2)},${idOf(1)}`, [2, 1]],
      [`created_at=lt:${madeAt(2)}`, [1]],
      [`created_at=lte:${madeAt(2)}`, [2, 1]],
      [`created_at=gt:${madeAt(2)}`, [6, 4]],
      [`created_at=gte:${madeAt(2)}`, [6, 4, 2]],
      [`created_at=neq:${madeAt(2)}`, [6, 4, 1]],
      [`created_at=eq:${madeAt(2)}`, [2]],
      [`created_at=${madeAt(2)}`, [2]],
      [`created_at=eq:${madeAt(2, '.5')}`, []],
      [`created_at=neq:${madeAt(2, '.5')}`, [6, 4, 2, 1]],
      [`created_at=gt:${madeAt(2, '.5')}`, [6, 4]],
      [`created_at=gt:${madeAt(1, '.5')}`, [6, 4, 2]],
      [`created_at=lte:${madeAt(2, '.5')}`, [2, 1]],
      ['deleted=true', [6, 4, 2, 1]],
    ] as const) {
      assert.deepEqual(
        (await page(`?${query}`, of)).images.map(({ id }) => Number(id.slice(-3))),
        expected,
        query,
      )
    }
  } finally {
    await of.close()
  }
})

function shared(status: string): Readonly<Record<string, unknown>> {
  return { owner: OTHER_PROJECT, members: [{ member_id: PROJECT, status }] }
}

function madeAt(n: number, fraction = ''): string {
  return printTime(makeImage(n).createdAt).replace('Z', `${fraction}Z`)
}

test('a tag is looked for once, however often it is asked for', () => {
  assert.deepEqual(readListRequest('tag=a&tag=b&tag=+a').search.tags, ['a', 'b'])
})

test('what is not a filter is refused in the words of Glance', async () => {
  for (const [query, message] of [
    ['name=Ubuntu:+x', "Unable to filter by unknown operator 'Ubuntu'."],
    ['status=neq:active', "Unable to filter by unknown operator 'neq'."],
    ['name=in:%22x', 'Invalid filter value "x. The quote is not closed.'],
    [
      'updated_at=gte:yesterday',
      'Bad "updated_at" query filter format. Use ISO 8601 DateTime notation.',
    ],
    ['updated_at=', 'Bad "updated_at" query filter format. Use ISO 8601 DateTime notation.'],
    ['updated_at=x:2030-01-01', 'Unable to filter on a unknown operator.'],
    ['member_status=x', 'Invalid status: x'],
    ['visibility=x', 'Invalid visibility value: x'],
    [
      'os_hidden=x',
      "Invalid value 'x' for 'os_hidden' filter. Valid values are 'true' or 'false'.",
    ],
    [
      'protected=True',
      "Invalid value 'True' for 'protected' filter. Valid values are 'true' or 'false'.",
    ],
    ['size_min=1.5', 'Unable to filter on a range with a non-numeric value.'],
  ] as const) {
    assert.equal(await refused(`?${query}`), message)
  }
})

test('a parameter that asks for what is not served is refused, never ignored', async () => {
  const names =
    'name_min x_max _min created_at_max tags locations members properties os_hash_algo __proto__'
  for (const name of names.split(' ')) {
    const message = `The query parameter '${name}' is not served here.`
    assert.equal(await refused(`?${name}=x`), message)
    assert.equal(await refused(`?${name}`), message)
  }
  assert.match(await refused('?changes-since=2030-01-01T00:00:00Z'), /updated_at=gte:TIME/)
})
