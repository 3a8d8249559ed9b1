import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Flags } from '../../src/config/load.ts'
import { until } from '../api/image/data-stand.ts'
import { startRunning } from './running.ts'

/** A whole Afterimage with limits in its configuration; every request is one of `demo`. */
async function running(t: TestContext, flags: Flags) {
  const data = await mkdtemp(join(tmpdir(), 'afterimage-limits-'))
  const { running, token } = await startRunning(data, flags)
  t.after(async () => {
    await running.close()
    await rm(data, { recursive: true })
  })
  const ask = async (face: keyof typeof running.urls, path: string) => {
    const headers = { 'x-auth-token': token }
    const answer = await fetch(`${running.urls[face]}${path}`, { headers })
    await answer.arrayBuffer()
    return answer
  }
  return { ask, token, urls: running.urls }
}

test("a project's rate holds over all ports together", async (t) => {
  const flags = { 'limits.projectRequestsPerMinute': '1', 'limits.projectBurst': '3' }
  const { ask } = await running(t, flags)
  const first = await ask('compute', '/v2.1/images')
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('ratelimit-policy'), '"project";q=3;w=180')
  assert.equal((await ask('image', '/v2/images')).status, 200)
  assert.equal((await ask('identity', '/v3/auth/catalog')).status, 200)
  for (const [face, path] of [
    ['compute', '/v2.1/images'],
    ['image', '/v2/images'],
    ['identity', '/v3/auth/catalog'],
  ] as const) {
    const refused = await ask(face, path)
    assert.equal(refused.status, 429, face)
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9][0-9]?$/)
  }
})

test("an address's rate counts what needs no token too, but not the probes", async (t) => {
  const flags = { 'limits.addressRequestsPerMinute': '1', 'limits.addressBurst': '2' }
  const { ask } = await running(t, flags) // which has signed in: one request
  assert.equal((await ask('compute', '/')).status, 200)
  for (const face of ['compute', 'image', 'identity'] as const) {
    assert.equal((await ask(face, '/')).status, 429, face)
    assert.equal((await ask(face, '/healthcheck')).status, 200, face)
    assert.equal((await ask(face, '/readiness')).status, 200, face)
  }
})

test('the requests in flight are those of all ports together', async (t) => {
  const flags = { 'limits.requestsInFlight': '1', 'limits.queuedRequests': '0' }
  const { ask, urls } = await running(t, flags)
  const user = { name: 'demo', domain: { id: 'default' }, password: 'correct horse' }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } })
  // A password takes long to check: lists that are asked for meanwhile find no slot.
  await until(async () => {
    let isOver = false
    const signIn = fetch(`${urls.identity}/v3/auth/tokens`, { method: 'POST', headers, body })
    void signIn.finally(() => {
      isOver = true
    })
    const statuses = new Set<number>()
    while (!isOver) statuses.add((await ask('image', '/v2/images')).status)
    statuses.add((await signIn).status)
    return statuses.has(503)
  })
  assert.equal((await ask('image', '/v2/images')).status, 200)
})
