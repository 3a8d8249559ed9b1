import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTime, printTime } from '../../src/image/time.ts'

/** What Glance (the Python package iso8601) reads, and the instant it means. */
const GOOD: Readonly<Record<string, string>> = {
  '2026-11-23T18:20:02Z': '2026-11-23T18:20:02Z',
  '2026-11-23T18:20:02': '2026-11-23T18:20:02Z',
  '2026-11-23 18:20:02': '2026-11-23T18:20:02Z',
  '2026-11-23T20:20:02+02:00': '2026-11-23T18:20:02Z',
  '2026-11-23T20:20:02+0200': '2026-11-23T18:20:02Z',
  '2026-11-23T20:20:02+02': '2026-11-23T18:20:02Z',
  '2026-11-23T12:50:02-05:30': '2026-11-23T18:20:02Z',
  '20261123T182002Z': '2026-11-23T18:20:02Z',
  '2026-11-23T18:20:02.000Z': '2026-11-23T18:20:02Z',
  '2026-11-23T18:20:01.5Z': '2026-11-23T18:20:01Z', // the fraction is left out
  '2026-11-23T18:20:01,5': '2026-11-23T18:20:01Z',
  '2026-11-23T18:20': '2026-11-23T18:20:00Z',
  '2026-11-23T18': '2026-11-23T18:00:00Z',
  '2026-11-23': '2026-11-23T00:00:00Z',
  '2026-1-2': '2026-01-02T00:00:00Z',
  '2026-11': '2026-11-01T00:00:00Z',
  '2026': '2026-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z': '0001-01-01T00:00:00Z',
  '2024-02-29': '2024-02-29T00:00:00Z',
}

const BAD = [
  '',
  'garbage',
  '1700000000',
  '202611',
  '2026-13-01',
  '2026-02-29',
  '2026-11-31',
  '2026-11-23T24:00:00Z',
  '2026-11-23T18:60:00Z',
  '2026-11-23T18:20:60Z',
  '2026-11-23T18:20:02 02:00',
  '2026-11-23T18:20:02+24:00',
  '2026-11-23T18:20:02ZZ',
  'lt:2026-11-23',
  '0000-01-01',
  '٢٠٢٦-11-23',
]

for (const [text, instant] of Object.entries(GOOD)) {
  test(`${text} is ${instant}`, () => {
    const seconds = parseTime(text)
    assert.ok(seconds !== undefined)
    assert.equal(printTime(seconds), instant)
  })
}

for (const text of BAD) {
  test(`${JSON.stringify(text)} is no time`, () => assert.equal(parseTime(text), undefined))
}
