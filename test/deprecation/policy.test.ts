import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DeprecationPolicy,
  isEnded,
  isRefused,
  NO_POLICY,
  nextChangeMs,
} from '../../src/deprecation/policy.ts'
import { parseWindow } from '../../src/deprecation/window.ts'

const at = (text: string) => Date.parse(text)
const brownouts = ['Tue 10:00-10:15 UTC'].map((text) => parseWindow(text)).filter((w) => !!w)

function policy(given: Partial<DeprecationPolicy>): DeprecationPolicy {
  return { ...NO_POLICY, sunsetAt: at('2027-01-01T00:00:00Z') / 1000, ...given }
}

test('without a decision nothing is refused, whatever the time', () => {
  assert.equal(isEnded(NO_POLICY, Number.MAX_SAFE_INTEGER), false)
  assert.equal(nextChangeMs(NO_POLICY, 0), undefined)
})

test('the calls end at the sunset, if they are to be gone', () => {
  for (const [afterSunset, ended] of [
    ['gone', true],
    ['serve', false],
  ] as const) {
    const decided = policy({ afterSunset })
    assert.equal(isEnded(decided, at('2026-12-31T23:59:59.999Z')), false)
    assert.equal(isEnded(decided, at('2027-01-01T00:00:00Z')), ended)
  }
})

test('a brownout refuses before the sunset, and means nothing after it', () => {
  const decided = policy({ brownouts })
  assert.equal(isEnded(decided, at('2026-12-01T10:05:00Z')), true)
  assert.equal(isEnded(decided, at('2027-01-05T10:05:00Z')), false)
})

test('named projects and clients are served all the same', () => {
  const decided = policy({
    afterSunset: 'gone',
    exceptProjects: ['abc'],
    exceptClients: ['gophercloud'],
  })
  const nowMs = at('2027-02-01T00:00:00Z')
  assert.equal(isRefused(decided, nowMs, 'def', 'curl'), true)
  assert.equal(isRefused(decided, nowMs, null, 'curl'), true)
  assert.equal(isRefused(decided, nowMs, 'abc', 'curl'), false)
  assert.equal(isRefused(decided, nowMs, 'def', 'gophercloud'), false)
})

test('every change is foreseen, to the millisecond', () => {
  const decided = policy({ afterSunset: 'gone', brownouts })
  const changes: string[] = []
  let nowMs = at('2026-12-20T00:00:00Z')
  for (;;) {
    const next = nextChangeMs(decided, nowMs)
    if (next === undefined) break
    assert.notEqual(isEnded(decided, next - 1), isEnded(decided, next))
    changes.push(new Date(next).toISOString().slice(0, 16))
    nowMs = next
  }
  assert.deepEqual(changes, [
    '2026-12-22T10:00',
    '2026-12-22T10:15',
    '2026-12-29T10:00',
    '2026-12-29T10:15',
    '2027-01-01T00:00',
  ])
})
