import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FILTER_BYTES_MAX,
  glanceQuery,
  MATCHED_HERE,
  PROPERTY_FILTERS_MAX,
} from '../../../src/catalogue/glance/list-query.ts'
import { BASE_PROPERTIES } from '../../../src/image/base-properties.ts'
import type { ImageQuery } from '../../../src/image/query.ts'

function sent(query: ImageQuery): Record<string, string> {
  const asked = glanceQuery(query)
  assert.ok(asked, 'Glance is not asked')
  return Object.fromEntries(new URLSearchParams(asked.filters))
}

const property = (key: string, value = 'v') => ({ properties: new Map([[key, value]]) })

test('each filter becomes Glance’s own', () => {
  assert.deepEqual(glanceQuery({}), { filters: '', isWhole: true })
  const query: ImageQuery = {
    name: 'a',
    statuses: ['queued', 'saving', 'killed'],
    changesSince: 0,
    minRamMib: 512,
    minDiskGib: 0,
    properties: new Map([['os_type', 'linux']]),
  }
  assert.deepEqual(sent(query), {
    status: 'in:queued,saving',
    updated_at: 'gte:1970-01-01T00:00:00Z',
    min_ram: '512',
    min_disk: '0',
    name: 'eq:a',
    os_type: 'linux',
  })
  assert.equal(glanceQuery(query)?.isWhole, true)
})

test('values are literals, whatever they hold', () => {
  for (const text of ['in:a,b', 'neq:x', '"a","b"', 'a&limit=1', '%41+b', "é'#?;=", '\0', '']) {
    assert.deepEqual(sent({ name: text }), { name: `eq:${text}` })
    assert.deepEqual(sent(property('k', text)), { k: text })
  }
  assert.deepEqual(sent(property('a&b=c:,"é', 'v')), { 'a&b=c:,"é': 'v' })
})

test('what no image that Glance lists can be is not asked for', () => {
  const impossible: readonly ImageQuery[] = [
    { statuses: [] },
    { statuses: ['killed', 'deleted', 'pending_delete'] },
    { minRamMib: Number.NaN },
    { minRamMib: -1 },
    { minDiskGib: 0.5 },
    { minDiskGib: 2 ** 31 },
    { changesSince: 253_402_300_800 },
    { changesSince: Number.POSITIVE_INFINITY },
    { name: '\ud800' },
    { name: '😀' },
    { name: 'x'.repeat(256) },
    property('', 'v'),
    property('k', '\udfff'),
    property('k', '😀'),
    property('k'.repeat(256)),
    property('k', 'é'.repeat(32_768)),
    ...[...BASE_PROPERTIES].map((key) => property(key)),
  ]
  for (const query of impossible) assert.equal(glanceQuery(query), undefined, JSON.stringify(query))
  assert.deepEqual(sent({ changesSince: -Infinity }), {})
})

test('a property whose name Glance takes for something else is matched here alone', () => {
  for (const { why, holds, examples } of MATCHED_HERE) {
    assert.ok(examples.length > 0, why)
    for (const key of examples) {
      assert.ok(holds(key), `${key}: ${why}`)
      const asked = glanceQuery({ name: 'a', ...property(key) })
      assert.deepEqual(asked, { filters: 'name=eq%3Aa', isWhole: false }, key)
    }
  }
  for (const key of ['os_type', 'hw:colon', '__os_type', 'x.y', 'min_x', 'Limit', 'architecture']) {
    assert.deepEqual(sent(property(key)), { [key]: 'v' })
  }
})

test('what would make the address too long, or the query too wide, is matched here', () => {
  const long = 'x'.repeat(FILTER_BYTES_MAX)
  const asked = glanceQuery({
    name: 'a',
    properties: new Map([
      ['long', long],
      ['k', 'v'],
    ]),
  })
  assert.deepEqual(asked, { filters: 'name=eq%3Aa&k=v', isWhole: false })
  const many = Array.from({ length: 300 }, (_, n): [string, string] => [`k${n}`, 'v'])
  const wide = glanceQuery({ properties: new Map(many) })
  assert.equal(wide?.filters.split('&').length, PROPERTY_FILTERS_MAX)
  assert.equal(wide?.isWhole, false)
})
