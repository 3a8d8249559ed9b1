import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { problemsOf, readDocument, writeDocument } from '../../src/image/document.ts'
import { type Fields, recognise } from '../../src/transfer/document-forms.ts'
import { isBad, readPiece } from '../../src/transfer/read-piece.ts'

/** forms/ holds one image as the Image API prints it, and as other programs printed that image. */

function form(name: string): Fields {
  return JSON.parse(readFileSync(new URL(`./forms/${name}.json`, import.meta.url), 'utf8'))
}

function read(document: unknown) {
  const bytes = Buffer.from(JSON.stringify(document))
  return readPiece({ bytes, line: 1 })
}

function written(document: unknown): Record<string, unknown> {
  const found = read(document)
  assert.ok(!isBad(found), isBad(found) ? found.message : '')
  return writeDocument(found.image)
}

const IMAGE = writeDocument(readDocument(form('image-api')))
const FREE = Object.keys(IMAGE).slice(0, Object.keys(IMAGE).indexOf('name'))
const pick = (document: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, document[name]]))

const WHOLE = ['openstack-image-show', 'openstacksdk-image', 'openstacksdk-image-original-names']
for (const name of WHOLE) {
  test(`${name}: the very same image, but for a property that the client itself leaves out`, () => {
    const { owner_id: _, ...told } = IMAGE
    assert.deepEqual(written(form(name)), told)
  })
}

for (const name of ['compute-detail', 'openstacksdk-compute-image']) {
  test(`${name}: all that the Compute API tells`, () => {
    const known = [
      'id',
      'name',
      'status',
      'min_ram',
      'min_disk',
      'size',
      'created_at',
      'updated_at',
    ]
    const names = [...FREE, ...known, 'owner'] // a snapshot says its owner in a property
    assert.deepEqual(pick(written(form(name)), names), pick(IMAGE, names))
  })
}

test('openstack-image-list-long: all that the list tells, which is no time', () => {
  const names = ['id', 'name', 'disk_format', 'container_format', 'size', 'checksum', 'status']
  const row = written(form('openstack-image-list-long'))
  const more = ['visibility', 'protected', 'owner', 'tags']
  assert.deepEqual(pick(row, [...names, ...more]), pick(IMAGE, [...names, ...more]))
  assert.equal(row['created_at'], '1970-01-01T00:00:00Z')
})

const ID = '70a599e0-31e7-49b7-b260-868f441e862b'
const LEAST = { id: ID, created_at: '2026-01-01T00:00:00Z' }

test('the answer about one image of the Compute API is its image', () => {
  const image = {
    id: ID,
    name: 'x',
    metadata: {},
    created: '2026-01-01T00:00:00Z',
    status: 'SAVING',
  }
  assert.equal(written({ image: { ...image, progress: 25 } })['status'], 'queued')
  assert.equal(written({ image: { ...image, progress: 50 } })['status'], 'saving')
  assert.equal(written({ image: { ...image, status: 'UNKNOWN' } })['status'], 'deactivated')
})

test('numbers and booleans that stand for text, and text that stands for them', () => {
  const document = written({
    ...LEAST,
    __os_type: 'Linux',
    __image_size: 2298478592,
    __isregistered: true,
    min_ram: '512',
    min_disk: '10',
    size: '7',
    protected: 'True',
    os_hidden: 'false',
    created_at: '2026-01-01T02:00:00.123456+02:00',
    updated_at: '2026-01-02 03:04:05',
    links: [{ rel: 'self' }],
  })
  assert.deepEqual(
    pick(document, ['__image_size', '__isregistered', 'min_ram', 'min_disk', 'size', 'protected']),
    {
      __image_size: '2298478592',
      __isregistered: 'true',
      min_ram: 512,
      min_disk: 10,
      size: 7,
      protected: true,
    },
  )
  assert.equal(document['created_at'], '2026-01-01T00:00:00Z')
  assert.equal(document['updated_at'], '2026-01-02T03:04:05Z')
  assert.equal(Object.hasOwn(document, 'links'), false)
})

test('a property that openstacksdk knows of and the image lacks is no property, under either name', () => {
  const { properties: _, ...known } = form('openstacksdk-image-original-names')
  const { vm_mode, hw_video_ram } = written(known)
  assert.deepEqual([vm_mode, hw_video_ram], [undefined, undefined])
  assert.equal(written({ ...LEAST, vm_mode: null })['vm_mode'], null) // the Image service's own
})

test('a number too large to be exact is refused, not stored as another one', () => {
  const bytes = Buffer.from(`{"id":"${ID}","created_at":"2026-01-01","n":12345678901234567890}`)
  const found = readPiece({ bytes, line: 1 })
  assert.ok(isBad(found))
  assert.equal(found.message, '"n" must be text or null')
})

test('a name that is a number is text; so is metadata that Nova shows parsed', () => {
  const mappings = [{ device: 'sda' }]
  const metadata = { mappings, block_device_mapping: 'not JSON' }
  const document = written({ id: ID, name: 'x', metadata, created: '2026-01-01T00:00:00Z' })
  assert.deepEqual(pick(document, ['mappings', 'block_device_mapping']), {
    mappings: '[{"device":"sda"}]',
    block_device_mapping: 'not JSON',
  })
  assert.equal(written({ ...LEAST, name: 2022 })['name'], '2022')
})

test('what is left out is said, where it says something', () => {
  const leftOut = (document: object) => {
    const found = read({ ...LEAST, ...document })
    return isBad(found) ? found.message : found.leftOut
  }
  const locations = [{ url: 'file:///x', metadata: {} }]
  assert.deepEqual(leftOut({ locations, direct_url: 'rbd://x' }), ['locations', 'direct_url'])
  assert.deepEqual(leftOut({ locations: [], direct_url: null }), [])
  assert.deepEqual(leftOut({ locations, properties: { a: 1 } }), ['locations'])
  // `openstack image show` has them among the properties.
  assert.deepEqual(leftOut({ properties: { locations, direct_url: 'u', stores: 'a' } }), [
    'locations',
    'direct_url',
    'stores',
  ])
})

test('every fault of a document is told, not the first alone', () => {
  const faults = problemsOf({ id: 'x', min_ram: 'a', tags: 5, status: 'z', a: {}, b: [] })
  assert.equal(faults.length, 7)
  const found = read({ id: ID, min_ram: -1, size: -1, created_at: 'x' })
  assert.ok(isBad(found))
  for (const field of ['created_at', 'min_ram', 'size'])
    assert.match(found.message, new RegExp(`"${field}"`))
  assert.equal(found.id, ID)
  assert.deepEqual(problemsOf(LEAST), [])
  assert.deepEqual(problemsOf({ id: ID }), ['"created_at" is missing'])
})

test('an object is recognised without being changed', () => {
  const document = form('openstacksdk-image')
  const before = JSON.stringify(document)
  recognise(document)
  assert.equal(JSON.stringify(document), before)
})
