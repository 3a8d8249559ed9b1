import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UncheckedIdentity } from '../../../src/identity/unchecked/unchecked-identity.ts'

test('without a Keystone every token is an unchecked caller without project, roles or expiry', async () => {
  const identity = new UncheckedIdentity()
  assert.deepEqual(await identity.authenticate('anything'), {
    userId: '',
    projectId: null,
    roles: [],
    isAdmin: false,
    mayWrite: true,
    expiresAtMs: Number.POSITIVE_INFINITY,
    isUnchecked: true,
  })
  assert.equal(await identity.authenticate(''), undefined)
})
