import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { idOf, makeImage } from './images.ts'
import { type Ask, ask, listCatalogue, type Served, serveImages } from './serve.ts'

/** Whatever is written, the answer is the caller's own fault or an image that can be read back. */

const NAMES = ['id', 'name', 'tags', 'owner', 'visibility', 'protected', 'min_ram', 'disk_format']
const ODD_NAMES = ['size', 'locations', 'stores', 'members', '__proto__', 'constructor', '', 'a/b']
const WORDS = ['public', 'shared', 'raw', 'x', '', ' ', '\u0000', '\ud800', '😀', 'x'.repeat(300)]

const name = fc.oneof(fc.constantFrom(...NAMES, ...ODD_NAMES), fc.string())
const value = fc.oneof(
  fc.constantFrom(...WORDS, true, false, null, 0, -1, 1.5, 2 ** 31, 2 ** 53, [], ['x'], [5], {}),
  fc.jsonValue(),
)
const document = fc.dictionary(name, value, { maxKeys: 4 })
const pointer = fc.oneof(
  name.map((n) => `/${n}`),
  fc.constantFrom(
    '/',
    '//',
    '/a/',
    '/~',
    '/~2',
    '/locations/-',
    '/locations/0',
    '/tags/0',
    5,
    null,
  ),
)
const operation = fc.record(
  { op: fc.constantFrom('add', 'remove', 'replace', 'test', 5), path: pointer, value },
  { requiredKeys: [] },
)

async function judge(served: Served, path: string, options: Ask): Promise<void> {
  const { status, json, text } = await ask(served, path, { token: 'admin', ...options })
  assert.ok(status < 500, `${status} ${text}`)
  if (status >= 300) {
    assert.equal(typeof (json as { message: unknown }).message, 'string')
    return
  }
  const { self } = json as { self: string }
  const shown = await ask(served, self, { token: 'admin' })
  assert.deepEqual(shown.json, json)
}

const RUNS = { numRuns: 300 }

test('any document makes an image or is refused', async () => {
  const served = await serveImages(listCatalogue([]))
  try {
    await fc.assert(
      fc.asyncProperty(document, async (body) => {
        await judge(served, '/v2/images', { method: 'POST', body })
      }),
      RUNS,
    )
    assert.equal((await ask(served, '/v2/images?limit=1000', { token: 'admin' })).status, 200)
  } finally {
    await served.close()
  }
})

test('any patch changes an image or is refused', async () => {
  const served = await serveImages(listCatalogue([makeImage(1, { status: 'queued' })]))
  const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 3 }), async (body) => {
        await judge(served, `/v2/images/${idOf(1)}`, { method: 'PATCH', headers, body })
      }),
      RUNS,
    )
  } finally {
    await served.close()
  }
})

test('any query lists images or is refused', async () => {
  const served = await serveImages(listCatalogue([makeImage(1), makeImage(2)]))
  const names =
    'name id status owner tag visibility member_status os_hidden protected size size_min created_at ' +
    'updated_at sort sort_key sort_dir limit marker min_ram checksum disk_format x_min deleted'
  const parameter = fc.tuple(
    fc.oneof(fc.constantFrom(...names.split(' ')), fc.string()),
    fc.oneof(
      fc.constantFrom(
        '',
        'in:',
        'in:"a',
        'eq:x',
        'gt:2026-01-01',
        'true',
        'asc',
        'name',
        'all',
        '-1',
      ),
      fc.string(),
      fc.constant(idOf(1)),
    ),
  )
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(parameter, { maxLength: 4 }), async (parameters) => {
        const query = new URLSearchParams(parameters).toString()
        const { status, text } = await ask(served, `/v2/images?${query}`)
        assert.ok(status === 200 || status === 400, `${query}: ${status} ${text}`)
      }),
      RUNS,
    )
  } finally {
    await served.close()
  }
})
