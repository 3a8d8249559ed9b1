import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOpen, nextSpan, parseWindow } from '../../src/deprecation/window.ts'

function window(text: string) {
  const parsed = parseWindow(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}

const at = (text: string) => Date.parse(text)

test('a weekly window is open on its weekday alone, its end excluded', () => {
  const tuesday = window('Tue 10:00-10:15 UTC') // 2026-12-01 is a Tuesday
  for (const [time, expected] of [
    ['2026-12-01T09:59:59.999Z', false],
    ['2026-12-01T10:00:00Z', true],
    ['2026-12-01T10:14:59.999Z', true],
    ['2026-12-01T10:15:00Z', false],
    ['2026-12-02T10:05:00Z', false],
    ['2026-12-08T10:05:00Z', true],
    ['1969-12-30T10:05:00Z', true],
  ] as const) {
    assert.equal(isOpen(tuesday, at(time)), expected, time)
  }
})

test('a window that ends before it starts goes on past midnight', () => {
  const late = window('sat 23:50-00:10 UTC') // 2026-12-05 is a Saturday
  assert.equal(isOpen(late, at('2026-12-05T23:55:00Z')), true)
  assert.equal(isOpen(late, at('2026-12-06T00:05:00Z')), true)
  assert.equal(isOpen(late, at('2026-12-06T00:10:00Z')), false)
  assert.equal(isOpen(late, at('2026-12-05T00:05:00Z')), false)
})

test('a daily window comes every day, one with a date once', () => {
  const daily = window('daily 00:00-24:00 UTC')
  assert.equal(isOpen(daily, at('2026-12-03T13:00:00Z')), true)
  const once = window('2027-03-01 10:00-10:15 UTC')
  assert.deepEqual(nextSpan(once, at('2026-12-01T00:00:00Z')), {
    startMs: at('2027-03-01T10:00:00Z'),
    endMs: at('2027-03-01T10:15:00Z'),
  })
  assert.equal(nextSpan(once, at('2027-03-01T10:15:00Z')), undefined)
})

test('the next span is found up to a week ahead', () => {
  const monday = window('Mon 00:00-00:01 UTC')
  assert.deepEqual(nextSpan(monday, at('2026-11-30T00:01:00Z')), {
    startMs: at('2026-12-07T00:00:00Z'),
    endMs: at('2026-12-07T00:01:00Z'),
  })
})

test('what is no window is not read', () => {
  for (const text of [
    '',
    'Tue',
    'Tue 10:00-10:15',
    'Tue 10:00-10:15 CET',
    'Tue 10:00-10:00 UTC',
    'Tue 25:00-25:15 UTC',
    'Tue 10:60-10:61 UTC',
    'Tue 24:00-00:10 UTC',
    'Dienstag 10:00-10:15 UTC',
    '2027-02-30 10:00-10:15 UTC',
    '2027-3-1 10:00-10:15 UTC',
  ]) {
    assert.equal(parseWindow(text), undefined, text)
  }
})
