import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Flags, loadConfig } from '../../src/config/load.ts'
import { idleTimeoutMs } from '../../src/server/idle-timeout.ts'
import { SERVER_LIMITS } from '../../src/server/limits.ts'

const GLANCE = { 'glance.url': 'http://g.test', 'keystone.url': 'http://k.test' }
const NOVA = { 'compute.upstreamUrl': 'http://n.test' }

function limitFor(flags: Flags): number {
  return idleTimeoutMs(loadConfig({ flags, environment: {}, cwd: '/' }).config)
}

test('a caller who waits for nothing far away is given up after the usual time', () => {
  assert.equal(limitFor({}), SERVER_LIMITS.idleTimeoutMs)
})

test('a caller is not given up before the deadline of what is asked for them', () => {
  assert.ok(limitFor(NOVA) > 120_000 + 3000)
  assert.ok(limitFor({ ...NOVA, 'compute.upstreamTimeoutMs': '600000' }) > 603_000)
  assert.ok(limitFor({ ...GLANCE, 'upstream.answerTimeoutMs': '600000' }) > 1_200_000)
})
