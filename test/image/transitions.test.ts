import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from '../../src/image/document.ts'
import { GLANCE_STATUSES } from '../../src/image/image.ts'
import { mayBecome, mayChangeFormats, missingFormats } from '../../src/image/transitions.ts'

function image(fields: Readonly<Record<string, unknown>>) {
  const id = '00000000-0000-4000-8000-000000000001'
  return readDocument({ id, created_at: '2026-01-01T00:00:00Z', ...fields })
}

test('an image goes through its states as the Image service lets it', () => {
  const ways = GLANCE_STATUSES.map((from) => [
    from,
    GLANCE_STATUSES.filter((to) => mayBecome(from, to)).join(' '),
  ])
  assert.deepEqual(Object.fromEntries(ways), {
    queued: 'saving active deleted uploading importing',
    saving: 'queued active killed deleted',
    active: 'deleted pending_delete deactivated',
    killed: 'deleted',
    deleted: '',
    pending_delete: 'active deleted',
    deactivated: 'active deleted',
    uploading: 'queued deleted importing',
    importing: 'queued active deleted',
  })
})

test('what is missing before data can come is named', () => {
  assert.deepEqual(missingFormats(image({})), ['disk_format', 'container_format'])
  assert.deepEqual(missingFormats(image({ disk_format: 'raw' })), ['container_format'])
  assert.deepEqual(missingFormats(image({ disk_format: 'raw', container_format: 'bare' })), [])
})

test('formats are free until there is data', () => {
  const free = GLANCE_STATUSES.filter((status) => mayChangeFormats(image({ status })))
  assert.deepEqual(free, ['queued', 'importing'])
})
