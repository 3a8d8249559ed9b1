import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byPassword, house } from '../../test/identity/fixtures.ts'

/** More sign-ins and new secrets at once than are worked on: each is slow on purpose. */

test('a flood of sign-ins does not stop the event loop, and ends in a bounded queue', async (t) => {
  const { identity } = await house(t, false)
  let longestGapMs = 0
  const startMs = performance.now()
  let last = startMs
  const timer = setInterval(() => {
    longestGapMs = Math.max(longestGapMs, performance.now() - last)
    last = performance.now()
  }, 5)
  const flood = Array.from({ length: 300 }, (_, i) => {
    const request = byPassword(`user${i}`, 'wrong')
    return identity.signIn({ ...request, address: '192.0.2.1' })
  })
  const outcomes = await Promise.allSettled(flood)
  clearInterval(timer)
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  assert.equal(codes.filter((code) => code === 'service.busy').length, 300 - 2 - 200)
  assert.ok(codes.includes('attempts.throttled'), 'the address was never slowed')
  const floodMs = performance.now() - startMs
  assert.ok(longestGapMs < floodMs / 10, `it stood still for ${longestGapMs} of ${floodMs} ms`)
})

test('a flood of new credentials ends in a bounded queue', async (t) => {
  const { identity } = await house(t, false)
  const { token } = await identity.signIn(byPassword('demo'))
  const flood = Array.from({ length: 60 }, (_, n) =>
    identity.applicationCredentials.create(token, {
      ...{ name: `c${n}`, description: null, secret: undefined, roles: [] },
      ...{ isUnrestricted: false, expiresAtMs: null },
    }),
  )
  const outcomes = await Promise.allSettled(flood)
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  assert.equal(codes.filter((code) => code === 'service.busy').length, 60 - 1 - 50)
  assert.equal(codes.filter((code) => code === false).length, 51)
})
