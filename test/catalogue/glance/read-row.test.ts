import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRow } from '../../../src/catalogue/glance/read-row.ts'
import { writeDocument } from '../../../src/image/document.ts'
import { imageOf } from '../images.ts'

const WHOLE = imageOf(1, {
  name: 'ü',
  tags: ['a', 'b'],
  visibility: 'community',
  properties: new Map([
    ['os_type', 'linux'],
    ['kernel_id', null],
    ['__proto__', 'p'],
    ['constructor', ''],
  ]),
})

const row = (fields: Readonly<Record<string, unknown>> = {}) => ({
  ...JSON.parse(JSON.stringify(writeDocument(WHOLE))),
  self: '/v2/images/1',
  file: '/v2/images/1/file',
  schema: '/v2/schemas/image',
  ...fields,
})

test('a row as Glance prints it is read whole', () => {
  const repaired: string[] = []
  const text = JSON.stringify(writeDocument(WHOLE))
  assert.deepEqual(readRow(JSON.parse(text), repaired), WHOLE)
  assert.deepEqual(repaired, [])
})

test('what a row can do without is repaired, and named', () => {
  const odd: readonly (readonly [string, unknown, Partial<typeof WHOLE>])[] = [
    ['name', 5, { name: null }],
    ['name', '\ud800', { name: null }],
    ['status', 'thawing', { status: 'importing' }],
    ['status', undefined, { status: 'importing' }],
    ['visibility', 'secret', { visibility: 'private' }],
    ['owner', {}, { owner: null }],
    ['os_hidden', 'true', { isHidden: true }],
    ['protected', 1, { isProtected: false }],
    ['min_ram', '512', { minRamMib: 0 }],
    ['min_disk', -1, { minDiskGib: 0 }],
    ['size', 1.5, { sizeBytes: null }],
    ['size', 2 ** 60, { sizeBytes: null }],
    ['updated_at', 'yesterday', { updatedAt: WHOLE.createdAt }],
    ['updated_at', '2026-13-01T00:00:00Z', { updatedAt: WHOLE.createdAt }],
    ['tags', 'a', { tags: [] }],
    ['tags', ['a', 1, 'b'], { tags: ['a', 'b'] }],
    ['free', 5, { properties: new Map([...readRowProperties(), ['free', '5']]) }],
    ['free', { a: [1] }, { properties: new Map([...readRowProperties(), ['free', '{"a":[1]}']]) }],
  ]
  for (const [field, value, expected] of odd) {
    const repaired: string[] = []
    const image = readRow(row({ [field]: value }), repaired)
    assert.deepEqual(image, { ...readRow(row()), ...expected }, `${field} ${value}`)
    assert.deepEqual(repaired, [field])
  }
})

function readRowProperties() {
  return readRow(row())?.properties ?? []
}

test('fields that are not there are as Glance’s defaults', () => {
  const repaired: string[] = []
  const least = {
    id: WHOLE.id,
    status: 'active',
    visibility: 'public',
    created_at: '2026-01-01T00:00:00Z',
  }
  const image = readRow({ ...least, updated_at: '2026-01-02T00:00:00.999999' }, repaired)
  assert.deepEqual(repaired, [])
  assert.equal(image?.createdAt, Date.UTC(2026, 0, 1) / 1000)
  assert.equal(image?.updatedAt, Date.UTC(2026, 0, 2) / 1000)
  assert.equal(image?.sizeBytes, null)
  assert.equal(image?.properties.size, 0)
})

test('a row without a usable id or time of making is no image', () => {
  for (const none of [null, 5, 'x', [], {}, [row()]]) assert.equal(readRow(none), undefined)
  for (const id of [undefined, 5, '', '..', '.', 'a/b', 'a?b', 'a b', 'x'.repeat(37), '\ud800']) {
    assert.equal(readRow(row({ id })), undefined, `${id}`)
  }
  for (const at of [undefined, null, 5, '', 'soon', '2026-02-30T00:00:00']) {
    assert.equal(readRow(row({ created_at: at })), undefined, `${at}`)
  }
  assert.equal(readRow(row({ id: 'AB-1' }))?.id, 'AB-1')
})
