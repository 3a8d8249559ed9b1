import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import { type Ask, ask, listCatalogue, OTHER_PROJECT, type Served, serveImages } from './serve.ts'

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

test('the one order that is served may be asked for, and no other', async () => {
  const same = ['created_at', 'created_at:desc', 'created_at:desc,id:desc', 'created_at,+id']
  for (const sort of same) assert.deepEqual(await found(`?sort=${sort}`), [9, 6, 5, 4, 3, 2, 1])
  const others = ['name:asc', 'created_at:asc', 'created_at,id:asc', 'id', 'created_at,name', '']
  for (const sort of others) assert.match(await refused(`?sort=${sort}`), /'sort' is not served/)
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
    ['updated_at=x:2030-01-01', "Unable to filter by unknown operator 'x'."],
  ] as const) {
    assert.equal(await refused(`?${query}`), message)
  }
})

test('a parameter that Glance knows and that is not served is refused, never ignored', async () => {
  const names =
    'sort sort_key sort_dir visibility owner tag member_status os_hidden protected size size_min ' +
    'size_max min_ram_max id checksum os_hash_value disk_format container_format created_at ' +
    'virtual_size deleted members properties __proto__'
  for (const name of names.split(' ')) {
    const message = `The query parameter '${name}' is not served here yet.`
    assert.equal(await refused(`?${name}=x`), message)
    assert.equal(await refused(`?${name}`), message)
  }
  for (const operator of ['', 'gt:', 'lt:', 'lte:', 'eq:', 'neq:']) {
    assert.match(await refused(`?updated_at=${operator}2030-01-01T00:00:00Z`), /only gte is served/)
  }
  assert.match(await refused('?name=in:plain,hidden'), /several names/)
  assert.match(await refused('?changes-since=2030-01-01T00:00:00Z'), /updated_at=gte:TIME/)
})
