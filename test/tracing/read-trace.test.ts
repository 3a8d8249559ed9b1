import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTrace } from '../../src/tracing/read-trace.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const GOOD = `00-${ID}-00f067aa0ba902b7-01`

const TRACEPARENTS: readonly [text: string, isValid: boolean][] = [
  [GOOD, true],
  [`00-${ID}-00f067aa0ba902b7-00`, true],
  [`00-${ID}-00f067aa0ba902b7-ff`, true],
  [`cc-${ID}-00f067aa0ba902b7-01`, true],
  [`cc-${ID}-00f067aa0ba902b7-01-what-the-future-brings`, true],
  ['', false],
  ['00', false],
  [ID, false],
  [`${GOOD}-`, false],
  [`${GOOD}-01`, false],
  [`${GOOD} `, false],
  [` ${GOOD}`, false],
  [`${GOOD}\n`, false],
  [`${GOOD}, ${GOOD}`, false],
  [`ff-${ID}-00f067aa0ba902b7-01`, false],
  [`0-${ID}-00f067aa0ba902b7-01`, false],
  [`cc-${ID}-00f067aa0ba902b7-01.what`, false],
  [`cc-${ID}-00f067aa0ba902b7-01-${'x'.repeat(300)}`, false],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, false],
  [`00-${ID}-0000000000000000-01`, false],
  [`00-${ID.toUpperCase()}-00f067aa0ba902b7-01`, false],
  [`00-${ID}-00f067aa0ba902b7-0x`, false],
  [`00-${ID.slice(1)}-00f067aa0ba902b7-01`, false],
  [`00_${ID}_00f067aa0ba902b7_01`, false],
]

test('a traceparent goes on as it came if it is valid, and not at all if it is not', () => {
  for (const [traceparent, isValid] of TRACEPARENTS) {
    const expected = isValid ? { traceId: ID, headers: { traceparent } } : undefined
    assert.deepEqual(readTrace({ traceparent }), expected, traceparent)
  }
  assert.equal(readTrace({}), undefined)
})

const many = (count: number) => Array.from({ length: count }, (_, n) => `k${n}=v`).join(',')

const TRACESTATES: readonly [text: string, passedOn: string | undefined][] = [
  ['congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
  ['a=1, b=2 ,\tc=3', 'a=1, b=2 ,\tc=3'],
  ['a=1,,b=2', 'a=1,,b=2'],
  ['0@vendor=a b', '0@vendor=a b'],
  [many(32), many(32)],
  [many(33), undefined],
  ['', undefined],
  [',', undefined],
  ['A=1', undefined],
  ['a', undefined],
  ['a=', undefined],
  ['a=1=2', undefined],
  ['a=1;b', 'a=1;b'],
  ['a=\u00e9', undefined],
  ['a=1\u0000', undefined],
  [`a=${'x'.repeat(256)}`, `a=${'x'.repeat(256)}`],
  [`a=${'x'.repeat(257)}`, undefined],
  [`${'a'.repeat(257)}=x`, undefined],
  [`a=1,b=${'x'.repeat(250)},c=3,d=${'y'.repeat(255)}`, `a=1,b=${'x'.repeat(250)},c=3`],
  [
    Array.from({ length: 6 }, (_, n) => `k${n}=${'x'.repeat(97)}`).join(','),
    Array.from({ length: 5 }, (_, n) => `k${n}=${'x'.repeat(97)}`).join(','),
  ],
]

test('a tracestate goes on as it came within the bounds of W3C, and shortened above them', () => {
  for (const [tracestate, passedOn] of TRACESTATES) {
    const headers = readTrace({ traceparent: GOOD, tracestate })?.headers
    assert.equal(headers?.['tracestate'], passedOn, tracestate)
    assert.equal(headers?.['traceparent'], GOOD)
  }
})

test('a tracestate alone is no trace', () => {
  assert.equal(readTrace({ tracestate: 'a=1' }), undefined)
  assert.equal(readTrace({ traceparent: 'x', tracestate: 'a=1' }), undefined)
})
