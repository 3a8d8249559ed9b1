import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentError, readDocument, writeDocument } from '../../src/image/document.ts'

const ID = 'ee10f19c-503c-44af-af2f-73d5e42f7a17'

function document(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: ID, created_at: '2014-02-10T17:05:01Z', ...more }
}

function refusal(json: unknown): string {
  try {
    readDocument(json)
  } catch (error) {
    assert.ok(error instanceof DocumentError)
    return error.message
  }
  assert.fail('the document was taken')
}

test('a document with only an id and a time gets the defaults of the Image service', () => {
  const image = readDocument(document({ id: ID.toUpperCase() }))
  assert.equal(image.id, ID)
  assert.equal(image.status, 'queued')
  assert.equal(image.visibility, 'shared')
  assert.equal(image.createdAt, 1392051901)
  assert.equal(image.updatedAt, image.createdAt)
  assert.deepEqual([image.name, image.sizeBytes, image.minRamMib], [null, null, 0])
  assert.deepEqual([image.tags, image.members, image.properties.size], [[], [], 0])
})

test('base properties that are not kept are no free properties either', () => {
  const image = readDocument(
    document({
      self: '/x',
      file: '/y',
      schema: '/z',
      locations: [{}],
      direct_url: 'u',
      stores: 's',
    }),
  )
  assert.equal(image.properties.size, 0)
})

const REFUSED: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ id: 7 }, /^"id" must be a UUID/],
  [{ id: `${ID}0` }, /^"id" must be a UUID/],
  [{ created_at: null }, /^"created_at" is missing/],
  [{ created_at: 'today' }, /^"created_at" must be an ISO 8601 time/],
  [{ updated_at: 1392051901 }, /^"updated_at" must be an ISO 8601 time/],
  [{ created_at: '0001-01-01T00:00:00+02:00' }, /^"created_at" must be/],
  [{ updated_at: '9999-12-31T23:00:00-02:00' }, /^"updated_at" must be/],
  [{ name: 7 }, /^"name" must be text or null/],
  [{ name: 'x'.repeat(256) }, /^"name" is longer than 255 characters/],
  [{ name: '\udc00' }, /^"name" is not well-formed Unicode/],
  [{ status: 'ACTIVE' }, /^"status" must be one of queued, saving, active/],
  [{ status: null }, /^"status" must be one of/],
  [{ visibility: 'hidden' }, /^"visibility" must be one of public, private, shared, community/],
  [{ os_hidden: 'true' }, /^"os_hidden" must be true or false/],
  [{ min_disk: 1.5 }, /^"min_disk" must be a whole number/],
  [{ min_ram: 2_147_483_648 }, /^"min_ram" must be a whole number from 0 to 2147483647/],
  [{ size: '5' }, /^"size" must be a whole number/],
  [{ size: 2 ** 53 }, /^"size" must be a whole number/],
  [{ tags: 'a' }, /^"tags" must be a list/],
  [{ tags: ['x'.repeat(256)] }, /^"tags" must be a list of texts of at most 255 characters/],
  [{ tags: Array.from({ length: 1025 }, (_, n) => `${n}`) }, /^"tags" holds more than 1024/],
  [{ os_type: 1 }, /^"os_type" must be text or null/],
  [{ os_type: { a: 1 } }, /^"os_type" must be text or null/],
  [{ '': 'x' }, /^a property name must have 1 to 255 characters/],
  [{ ['k'.repeat(256)]: 'x' }, /^a property name must have 1 to 255 characters/],
  [{ k: 'x'.repeat(65_536) }, /^"k" is longer than 65535 bytes/],
  [{ k: '\u00e9'.repeat(32_768) }, /^"k" is longer than 65535 bytes/],
  [
    Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`k${n}`, 'v'])),
    /^the image has more than 1024 free properties/,
  ],
  [{ members: [7] }, /^"members" must be a list of member objects/],
  [{ members: [{}] }, /^a member needs "member_id"/],
  [{ members: [{ member_id: 'p', status: 'yes' }] }, /^"status" must be one of pending/],
  [{ members: { a: 1 } }, /^"members" must be a list of member objects/],
  [{ members: { members: [], property: 7 } }, /^"members" must be text or null/],
]

for (const [fields, message] of REFUSED) {
  test(`refuses ${JSON.stringify(fields).slice(0, 60)} and names the field`, () => {
    assert.match(refusal(document(fields)), message)
  })
}

test('refuses what is no object', () => {
  for (const json of [null, 7, 'x', [document()]]) {
    assert.equal(refusal(json), 'an image document must be a JSON object')
  }
})

test('counts characters as people do, so that 255 emoji are a name', () => {
  const name = '\u{1f600}'.repeat(255)
  assert.equal(readDocument(document({ name })).name, name)
  assert.match(refusal(document({ name: `${name}x` })), /longer than 255/)
})

test('fractions of a second are dropped, offsets are honoured', () => {
  const image = readDocument(
    document({ created_at: '2014-02-10T19:05:01.999999+02:00', updated_at: '2014-02-10T17:05:07' }),
  )
  assert.equal(writeDocument(image)['created_at'], '2014-02-10T17:05:01Z')
  assert.equal(writeDocument(image)['updated_at'], '2014-02-10T17:05:07Z')
})

test('a number is printed as it is kept: there is no negative zero', () => {
  assert.ok(Object.is(readDocument(document({ min_ram: -0, size: -0 })).sizeBytes, 0))
})

test('tags are sorted without repeats; of two entries of a member the last counts', () => {
  const member = (status: string, at: string) => ({ member_id: 'p', status, created_at: at })
  const image = readDocument(
    document({
      tags: ['b', 'a', 'b'],
      members: [
        { member_id: 'q' },
        member('pending', '2026-01-01'),
        member('accepted', '2026-01-02'),
      ],
    }),
  )
  assert.deepEqual(image.tags, ['a', 'b'])
  assert.deepEqual(
    image.members.map((one) => [one.project, one.status]),
    [
      ['p', 'accepted'],
      ['q', 'pending'],
    ],
  )
})

test('a free property named members lives beside the list of members', () => {
  const text = readDocument(document({ members: 'x' }))
  assert.equal(text.properties.get('members'), 'x')
  assert.deepEqual(text.members, [])
  const both = readDocument(document({ members: { members: [{ member_id: 'p' }], property: 'x' } }))
  assert.equal(both.properties.get('members'), 'x')
  assert.equal(both.members.length, 1)
  assert.deepEqual(readDocument(writeDocument(both)), both)
  assert.deepEqual(readDocument(document({ members: { members: [] } })).properties.size, 0)
})

test('a property may bear the name of anything that objects inherit', () => {
  const json = JSON.parse(`{"id":"${ID}","created_at":"2026-01-01","__proto__":"x","valueOf":"y"}`)
  const image = readDocument(json)
  assert.deepEqual(
    [...image.properties],
    [
      ['__proto__', 'x'],
      ['valueOf', 'y'],
    ],
  )
  assert.match(JSON.stringify(writeDocument(image)), /^\{"__proto__":"x","valueOf":"y",/)
})
