import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { METRICS } from '../../src/metrics/definitions.ts'
import { freePort } from '../server/free-port.ts'
import { startRunning } from '../server/running.ts'
import { say } from '../server/wire.ts'
import { scrape, sumOf } from './scrape.ts'

const data = mkdtempSync(join(tmpdir(), 'afterimage-metrics-'))
let stand: Awaited<ReturnType<typeof startRunning>>
let url: string

before(async () => {
  stand = await startRunning(data, { 'metrics.port': String(await freePort()) })
  url = stand.running.metricsUrl ?? assert.fail('no metrics')
})
after(async () => {
  await stand.running.close()
  rmSync(data, { recursive: true, force: true })
})

/** What a request adds to a metric. It is counted when its answer has ended, which a caller may see first. */
async function added(
  name: string,
  labels: Readonly<Record<string, string>>,
  act: () => Promise<unknown>,
): Promise<number> {
  const before = sumOf(await scrape(url), name, labels)
  await act()
  for (let turn = 0; turn < 200; turn += 1) {
    const now = sumOf(await scrape(url), name, labels)
    if (now !== before) return now - before
    await sleep(5)
  }
  return 0
}

type Face = keyof typeof stand.running.urls

function ask(face: Face, path: string, init: RequestInit = {}) {
  const headers = { 'x-auth-token': stand.token, ...(init.headers as Record<string, string>) }
  return fetch(`${stand.running.urls[face]}${path}`, { ...init, headers }).then((r) => r.text())
}

describe('a request is counted by API, operation, status and client family', () => {
  const NO_IMAGE = '00000000-0000-4000-8000-000000000000'
  const rows: readonly [string, Face, string, RequestInit, Record<string, string>][] = [
    ['a list', 'compute', '/v2.1/images/detail', {}, { operation: 'list_images_detail' }],
    [
      'an image that is not there',
      'compute',
      `/v2/images/${NO_IMAGE}`,
      {},
      { operation: 'show_image', status: '404' },
    ],
    [
      'a known call without a token',
      'compute',
      '/v2.1/images',
      { headers: { 'x-auth-token': '' } },
      { operation: 'list_images', status: '401' },
    ],
    [
      'a refused microversion',
      'compute',
      '/v2.1/images',
      { headers: { 'x-openstack-nova-api-version': '2.36' } },
      { operation: 'list_images', status: '404' },
    ],
    ['the versions', 'compute', '/', {}, { operation: 'show_versions' }],
    ['a version', 'compute', '/v2.1/', {}, { operation: 'show_version' }],
    ['the page', 'compute', '/deprecation', {}, { operation: 'show_deprecation' }],
    ['the callers', 'compute', '/afterimage/callers', {}, { operation: 'list_callers' }],
    ['health', 'compute', '/healthcheck', {}, { operation: 'healthcheck', status: '200' }],
    ['OPTIONS', 'compute', '/v2.1/images', { method: 'OPTIONS' }, { operation: 'options' }],
    [
      'a method that a path does not have',
      'compute',
      '/v2.1/images',
      { method: 'PURGE' },
      { operation: 'other', status: '405' },
    ],
    ['an unknown path', 'compute', '/v2.1/servers', {}, { operation: 'unknown', status: '404' }],
    ['a path that is none', 'compute', '/v2.1/%zz', {}, { operation: 'unknown', status: '400' }],
    ['images', 'image', '/v2/images', {}, { operation: 'list_images', status: '200' }],
    ['the query of IMS', 'image', '/v2/cloudimages', {}, { operation: 'list_cloudimages' }],
    [
      'a link of Compute',
      'image',
      `/images/${NO_IMAGE}`,
      { redirect: 'manual' },
      { operation: 'redirect_to_image', status: '307' },
    ],
    ['what is left out', 'image', '/v2/tasks', {}, { operation: 'unknown', status: '501' }],
    ['a method', 'image', '/v2/images', { method: 'PUT' }, { operation: 'other', status: '405' }],
    ['a token', 'identity', '/v3/auth/tokens', {}, { operation: 'show_token' }],
    ['a path', 'identity', '/v3/policies', {}, { operation: 'unknown', status: '404' }],
    ['a method', 'identity', '/v3/users', { method: 'PUT' }, { operation: 'other' }],
  ]
  for (const [what, port, path, init, labels] of rows) {
    it(`${what} at the port ${port}: ${labels['operation']}`, async () => {
      const face = labels['operation'] === 'list_cloudimages' ? 'ims' : port
      const by = { face, ...labels, client: 'node' }
      const name = 'afterimage_requests_total'
      assert.equal(await added(name, by, () => ask(port, path, init)), 1)
    })
  }

  it('takes the family of the client, not what it says of itself', async () => {
    const name = 'afterimage_requests_total'
    for (const [agent, client] of [
      ['gophercloud/2.0.0', 'gophercloud'],
      ['my-secret-client/1', 'other'],
    ] as const) {
      const headers = { 'user-agent': agent }
      assert.equal(await added(name, { client }, () => ask('compute', '/v2', { headers })), 1)
    }
  })
})

describe('what is measured of a request', () => {
  const LIST = { face: 'compute', operation: 'list_images' }
  const list = () => ask('compute', '/v2.1/images')

  it('its time falls into one bucket and all above', async () => {
    const name = 'afterimage_request_duration_seconds'
    assert.equal(await added(`${name}_count`, LIST, list), 1)
    assert.equal(await added(`${name}_bucket`, { ...LIST, le: '+Inf' }, list), 1)
    assert.ok((await added(`${name}_sum`, LIST, list)) > 0)
    const values = await scrape(url)
    const bounds = METRICS.afterimage_request_duration_seconds.buckets.map(String)
    const counts = [...bounds, '+Inf'].map((le) => sumOf(values, `${name}_bucket`, { ...LIST, le }))
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    )
    assert.equal(counts.at(-1), sumOf(values, `${name}_count`, LIST))
  })

  it('each byte of its answer, once, whatever came on the connection before', async () => {
    const { port } = new URL(stand.running.urls.compute)
    const request = `GET /v2.1 HTTP/1.1\r\nHost: a\r\n\r\n`
    const { answers } = await say(Number(port), request.repeat(1), { until: 1 })
    assert.equal(answers.length, 1)
    const one = await added('afterimage_sent_bytes_total', { operation: 'show_version' }, () =>
      say(Number(port), request, { until: 1 }),
    )
    assert.ok(one > 300)
    const before = sumOf(await scrape(url), 'afterimage_requests_total')
    const name = 'afterimage_sent_bytes_total'
    const first = sumOf(await scrape(url), name, { operation: 'show_version' })
    await say(Number(port), request.repeat(3), { until: 3 })
    while (sumOf(await scrape(url), 'afterimage_requests_total') < before + 3) await sleep(5)
    const three = sumOf(await scrape(url), name, { operation: 'show_version' }) - first
    assert.equal(three, 3 * one)
  })

  it('that it is in flight until its answer has ended, also where the caller leaves before', async () => {
    const flight = async () =>
      sumOf(await scrape(url), 'afterimage_requests_in_flight', { port: 'identity' })
    assert.equal(await flight(), 0)
    const caller = new AbortController()
    const body = new ReadableStream({ start: (c) => c.enqueue(Buffer.from('{"auth":')) })
    const asked = fetch(`${stand.running.urls.identity}/v3/auth/tokens`, {
      method: 'POST',
      body,
      duplex: 'half',
      signal: caller.signal,
    } as RequestInit)
    while ((await flight()) !== 1) await sleep(5)
    const gone = { face: 'identity', operation: 'create_token', status: 'gone' }
    const more = await added('afterimage_requests_total', gone, async () => {
      caller.abort()
      await asked.catch(() => undefined)
    })
    assert.equal(more, 1)
    assert.equal(await flight(), 0)
  })
})

it('no caller can add a label: not by path, method, client, token or id', async () => {
  const hostile = 'kilroy'
  const paths = [
    `/${hostile}`,
    `/v2.1/${hostile}`,
    `/v2.1/images/${hostile}`,
    `/v2.1/${hostile}/images`,
  ]
  for (const face of ['compute', 'image', 'identity'] as const) {
    for (const path of [
      ...paths,
      `/v3/users/${hostile}`,
      `/v2/images/${hostile}/tags/${hostile}`,
    ]) {
      for (const method of ['GET', 'PUT', 'PROPFIND', 'OPTIONS']) {
        const headers = { 'user-agent': hostile, 'x-auth-token': hostile }
        await ask(face, path, { method, headers })
        await ask(face, path, { method })
      }
    }
  }
  const { port } = new URL(stand.running.urls.compute)
  await say(Number(port), `KILROY /${hostile} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const text = await (await fetch(url)).text()
  assert.doesNotMatch(text, /kilroy/i)
  assert.ok(!text.includes(stand.token))
  assert.ok(!text.includes(stand.project))
})
