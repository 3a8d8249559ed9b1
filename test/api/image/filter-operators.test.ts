import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageFault } from '../../../src/api/image/faults.ts'
import { readAnyOf } from '../../../src/api/image/filter-operators.ts'

/** A filter's value, and what Glance 25.1 makes of it: items, or its complaint. */
const RECORDED: readonly (readonly [string, readonly string[] | string])[] = [
  ['a', ['a']],
  ['', ['']],
  ['eq:', ['']],
  ['eq:in:a,b', ['in:a,b']],
  ['2026-01-01T00:00:00Z', ['2026-01-01T00:00:00Z']],
  ['in:2026-01-01T00:00:00Z', ['2026-01-01T00:00:00Z']],
  ['in:a,b', ['a', 'b']],
  ['in: a , b ', [' a ', ' b ']],
  ['in:', []],
  ['in:,', ['']],
  ['in:a,', ['a']],
  ['in:,a', ['', 'a']],
  ['in:a,,b', ['a', '', 'b']],
  ['in:"a,b",c', ['a,b', 'c']],
  ['in:"a","a"', ['a', 'a']],
  ['in:""', ['']],
  ['in:a\\"b', ['a\\"b']],
  ['in:"a\\"b"', ['a\\"b']],
  ['in:"a\\nb"', ['a\\nb']],
  ['in:"a\\\\",b', 'Invalid filter value "a\\\\",b. The quote is not closed.'],
  ['in:"x', 'Invalid filter value "x. The quote is not closed.'],
  ['in:a"b"', 'Invalid filter value a"b". There is no comma before opening quotation mark.'],
  ['in:"a"b', 'Invalid filter value "a"b. There is no comma after closing quotation mark.'],
  ['in:""",', 'Invalid filter value """,. There is no comma after closing quotation mark.'],
  ['a:b', "Unable to filter by unknown operator 'a'."],
  [':x', "Unable to filter by unknown operator ''."],
]

function read(value: string): readonly string[] | string {
  try {
    return readAnyOf(value)
  } catch (error) {
    assert.ok(error instanceof ImageFault)
    assert.equal(error.code, 'query.invalid')
    return error.message
  }
}

test('operators, lists and quotes are read as Glance reads them', () => {
  for (const [value, expected] of RECORDED) assert.deepEqual(read(value), expected, value)
})

test('a long list is read in time that grows with its length', () => {
  for (const value of [`in:${'"a",'.repeat(16_000)}`, `in:${'\\"'.repeat(32_000)}`]) {
    const start = performance.now()
    read(value)
    assert.ok(performance.now() - start < 1000)
  }
})
