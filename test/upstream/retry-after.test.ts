import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRetryAfterS } from '../../src/upstream/retry-after.ts'

const NOW_MS = Date.parse('2026-01-01T00:00:00Z')

test('Retry-After is read in seconds and as a date, within a day, and else not at all', () => {
  const read = (header: string | string[] | undefined) => readRetryAfterS(header, NOW_MS)
  assert.equal(read('7'), 7)
  assert.equal(read(['8', '9']), 8)
  assert.equal(read(' 0 '), 0)
  assert.equal(read('Thu, 01 Jan 2026 00:01:30 GMT'), 90)
  assert.equal(read('Thu, 01 Jan 2020 00:00:00 GMT'), 0)
  assert.equal(read('99999999'), 86_400)
  for (const nothing of [undefined, '', 'soon', '-1', '1.5e']) {
    assert.equal(read(nothing), undefined, String(nothing))
  }
})
