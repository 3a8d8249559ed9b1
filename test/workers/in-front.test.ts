import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { goodGlance, goodKeystone, TOKEN } from '../cloud/stand.ts'
import { fakeUpstream, json, type SeenRequest } from '../upstream/fake-upstream.ts'
import { connections, Served } from './served.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-workers-in-front-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('several workers stand in front of a Glance, of which the start says once what answers', async (t) => {
  const glance = await fakeUpstream(t)
  glance.behave((request: SeenRequest) =>
    request.path === '/versions' ? json(503, {}) : goodGlance(request),
  )
  const keystone = await fakeUpstream(t)
  keystone.behave((request: SeenRequest) =>
    request.path === '/v3' ? json(200, {}) : goodKeystone(request),
  )
  const flags = ['--workers', '2', '--glance-url', glance.url, '--keystone-url', keystone.url]
  await using served = await new Served(dir, flags, ['--compute-port', '0']).greeted()
  await served.until(() => served.stderr.includes('answers 503 to /versions'))
  assert.equal(served.stderr.match(/answers 503/g)?.length, 1)
  assert.equal(served.stdout.match(/stands in front of/g)?.length, 1)
  const lists = await Promise.all(
    connections(4).map((connection) =>
      connection.ask('GET', `${served.url('compute')}/v2.1/images/detail`, { token: TOKEN }),
    ),
  )
  for (const { status, body } of lists) {
    assert.equal(status, 200)
    assert.equal(JSON.parse(body).images.length, 1)
  }
  assert.equal(served.workers().length, 2)
})
