import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { METRICS } from '../../src/metrics/definitions.ts'
import { MetricsRegistry } from '../../src/metrics/metrics-registry.ts'
import { type Format, printMetrics } from '../../src/metrics/print-metrics.ts'
import { RequestMetrics } from '../../src/metrics/request-metrics.ts'
import { ListenError } from '../../src/server/listen.ts'
import { createMetricsServer } from '../../src/server/metrics-server.ts'
import { startRunning } from '../server/running.ts'

const registry = new MetricsRegistry()
const port = new RequestMetrics(registry).port('compute')
const logger = pino({ level: 'silent' })
const print = async (format: Format) => printMetrics(await registry.read(), format)
const app = createMetricsServer(print, logger)
const ENDED = {
  operation: 'list_images',
  status: 200,
  userAgent: 'curl/8',
  durationMs: 3,
  sentBytes: 100,
}
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const TEXT = 'text/plain; version=0.0.4; charset=utf-8'

before(() => {
  port.began()
  port.ended(ENDED)
})
after(() => app.close())

async function page(accept?: string) {
  const headers = accept === undefined ? {} : { accept }
  const { statusCode, headers: answered, body } = await app.inject({ url: '/metrics', headers })
  assert.equal(statusCode, 200)
  return { type: answered['content-type'], vary: answered['vary'], body }
}

describe('GET /metrics', () => {
  it('prints the text format, unless OpenMetrics is asked for', async () => {
    for (const accept of [
      undefined,
      '*/*',
      'text/plain',
      'application/json',
      `${OPENMETRICS};q=0`,
    ]) {
      const { type, vary, body } = await page(accept)
      assert.equal(type, TEXT, String(accept))
      assert.equal(vary, 'Accept')
      assert.match(body, /^# TYPE afterimage_requests_total counter$/m)
      assert.match(body, /^# TYPE process_cpu_seconds_total counter$/m)
    }
  })

  it('prints OpenMetrics as Prometheus asks for it', async () => {
    const asked =
      'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
    const { type, body } = await page(asked)
    assert.equal(type, OPENMETRICS)
    assert.match(body, /^# TYPE afterimage_requests counter$/m)
    assert.match(
      body,
      /^afterimage_requests_total\{face="compute",operation="list_images",status="200",client="curl"\} 1$/m,
    )
    assert.match(body, /^# TYPE process_cpu_seconds counter$/m)
    assert.ok(body.endsWith('\n# EOF\n'))
  })

  it('has the same values in both, however they are asked for in between', async () => {
    const samples = (body: string) => {
      const lines = body.split('\n').filter((line) => /^afterimage_/.test(line))
      return lines.toSorted()
    }
    const [a, b, c] = [await page(), await page(OPENMETRICS), await page()]
    assert.deepEqual(samples(a.body), samples(b.body))
    assert.deepEqual(samples(a.body), samples(c.body))
    assert.ok(samples(a.body).length > 20)
  })

  it('adds up the buckets of a histogram', async () => {
    const { body } = await page()
    const at = (le: string) =>
      new RegExp(`duration_seconds_bucket{.*le="${le.replace('+', '\\+')}"} (\\d+)`).exec(body)?.[1]
    assert.deepEqual(['0.0025', '0.005', '10', '+Inf'].map(at), ['0', '1', '1', '1'])
    assert.match(body, /duration_seconds_sum{.*} 0\.003$/m)
  })

  it('reads the values once for those who ask at the same time', async () => {
    let reads = 0
    let arrived = 0
    const { promise: allHere, resolve: goOn } = Promise.withResolvers<void>()
    const shared = createMetricsServer(async () => {
      reads += 1
      const body = String(reads)
      await allHere
      return { contentType: TEXT, body }
    }, logger)
    shared.addHook('preHandler', async () => {
      arrived += 1
    })
    const ask = async () => (await shared.inject({ url: '/metrics' })).body
    const asked = [ask(), ask(), ask()]
    while (arrived < asked.length) await turn()
    await turn() // the handler of the last one follows
    goOn()
    assert.deepEqual(await Promise.all(asked), ['1', '1', '1'])
    assert.equal(await ask(), '2')
  })

  it('is all there is: no other path, no body, no other method', async () => {
    assert.equal((await app.inject({ url: '/' })).statusCode, 404)
    assert.equal((await app.inject({ url: '/metrics/x' })).statusCode, 404)
    assert.equal((await app.inject({ method: 'POST', url: '/metrics' })).statusCode, 404)
    const head = await app.inject({ method: 'HEAD', url: '/metrics' })
    assert.equal(head.statusCode, 200)
    assert.equal(head.body, '')
  })
})

describe('the table of metrics', () => {
  for (const [name, { kind, labels, help }] of Object.entries(METRICS)) {
    it(`${name} is named by its kind, and its labels are words`, () => {
      assert.match(name, /^afterimage_[a-z_]+$/)
      assert.equal(name.endsWith('_total'), kind === 'counter')
      for (const label of labels) assert.match(label, /^[a-z]+$/)
      assert.match(help, /^[A-Z].*\.$/)
    })
  }
})

describe('the port of the metrics', () => {
  const data = mkdtempSync(join(tmpdir(), 'afterimage-metrics-port-'))
  after(() => rmSync(data, { recursive: true, force: true }))

  it('is closed unless it is asked for', async () => {
    const { running } = await startRunning(data)
    assert.equal(running.metricsUrl, undefined)
    await running.close()
  })

  it('that is in use ends the start, with what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port: used } = taken.address() as { port: number }
    await assert.rejects(
      startRunning(data, { 'metrics.port': String(used) }),
      (error: Error) =>
        error instanceof ListenError &&
        error.message ===
          `port ${used} on 127.0.0.1, for the metrics service, is in use; choose another with --metrics-port (0: no metrics)`,
    )
    taken.close()
  })
})
