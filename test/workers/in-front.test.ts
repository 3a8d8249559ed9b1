import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { goodGlance, goodKeystone, TOKEN } from '../cloud/stand.ts'
import { startCollector } from '../tracing/collector.ts'
import { fakeUpstream, json, type SeenRequest } from '../upstream/fake-upstream.ts'
import { connections, Served } from './served.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-workers-in-front-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('several workers stand in front of a Glance: the start says once what answers, and each sends its own spans', async (t) => {
  const glance = await fakeUpstream(t)
  glance.behave((request: SeenRequest) =>
    request.path === '/versions' ? json(503, {}) : goodGlance(request),
  )
  const keystone = await fakeUpstream(t)
  keystone.behave((request: SeenRequest) =>
    request.path === '/v3' ? json(200, {}) : goodKeystone(request),
  )
  const collector = await startCollector(t)
  const flags = ['--workers', '2', '--glance-url', glance.url, '--keystone-url', keystone.url]
  flags.push('--tracing-otlp-url', collector.url, '--tracing-sample-ratio', '1')
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
  const workers = served.workers()
  assert.equal(workers.length, 2)
  // Each of them sends what it has done itself before it ends.
  await served[Symbol.asyncDispose]()
  const requests = collector.spans().filter(({ name }) => name === 'GET list_images_detail')
  assert.equal(requests.length, 4)
  const senders = new Set(requests.map(({ resource }) => Number(resource['process.pid'])))
  assert.deepEqual([...senders].toSorted(), workers.toSorted())
})
