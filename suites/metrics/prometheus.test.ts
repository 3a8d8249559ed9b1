import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { METRICS } from '../../src/metrics/definitions.ts'
import { startFakeNova } from '../../test/cloud/fake-nova.ts'
import { goodGlance, startStand } from '../../test/cloud/stand.ts'
import { ALERTS, DASHBOARD, dashboardQueries, namesIn } from '../../test/metrics/examples.ts'
import { freePort } from '../../test/server/free-port.ts'
import { startRunning } from '../../test/server/running.ts'
import { status } from '../../test/upstream/fake-upstream.ts'
import { promtool, startPrometheus } from './prometheus.ts'

const SCRAPES = 12

/** One with a catalogue of its own, and what makes each of its metrics. */
async function startEmbedded(t: TestContext) {
  const data = mkdtempSync(join(tmpdir(), 'afterimage-prometheus-data-'))
  const { running, token } = await startRunning(data, { 'metrics.port': String(await freePort()) })
  t.after(async () => {
    await running.close()
    rmSync(data, { recursive: true, force: true })
  })
  const ask = async (path: string, init: RequestInit = {}) => {
    const { compute, image } = running.urls
    const headers = { 'x-auth-token': token, ...(init.headers as Record<string, string>) }
    const base = path.startsWith('/v2.1') ? compute : image
    const response = await fetch(`${base}${path}`, { ...init, headers })
    return JSON.parse((await response.text()) || 'null')
  }
  const run = async () => {
    const json = { 'content-type': 'application/json' }
    const bytes = { 'content-type': 'application/octet-stream' }
    const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare' })
    const { id } = await ask('/v2/images', { method: 'POST', body, headers: json })
    await ask(`/v2/images/${id}/file`, { method: 'PUT', body: 'data', headers: bytes })
    for (const path of ['/v2.1/images', '/v2.1/images/detail', '/v2/cloudimages', '/v2.1/x']) {
      await ask(path)
    }
  }
  return { url: running.metricsUrl ?? assert.fail('no metrics'), run }
}

/** One in front of a Glance that fails at times, a Keystone and a Nova. */
async function startInFront(t: TestContext) {
  const nova = await startFakeNova(t)
  const stand = await startStand(t, {
    flags: {
      'metrics.port': String(await freePort()),
      'compute.upstreamUrl': nova.url,
      'cache.ttlMs': '100',
    },
  })
  t.after(() => stand.running.close())
  const run = async () => {
    stand.glance.behave(goodGlance)
    await stand.ask('images/detail')
    stand.glance.behave(status(503))
    await stand.ask('images?name=a')
    await stand.ask('/v2.1/servers')
  }
  return { url: stand.running.metricsUrl ?? assert.fail('no metrics'), run }
}

test('Prometheus scrapes both kinds, and each query of the examples has an answer', async (t) => {
  const both = [await startEmbedded(t), await startInFront(t)]
  for (const { run } of both) await run()
  const targets = both.map(({ url }) => new URL(url).host)
  await using prometheus = await startPrometheus(targets, [ALERTS])
  for (let second = 0; second < SCRAPES; second += 1) {
    for (const { run } of both) await run()
    await sleep(1000)
  }

  await t.test('both are up', async () => {
    const up = await prometheus.query('up{job="afterimage"}')
    assert.deepEqual(up.map(({ metric }) => metric['instance']).sort(), targets.toSorted())
    for (const { value } of up) assert.equal(value[1], '1')
  })

  await t.test('every metric of the table is there, and is of the kind that it says', async () => {
    const metadata = (await prometheus.ask('/metadata')) as Record<string, { type: string }[]>
    for (const [name, { kind }] of Object.entries(METRICS)) {
      // OpenMetrics, which Prometheus asks for, names a counter without its ending.
      const told = metadata[name] ?? metadata[name.replace(/_total$/, '')]
      assert.equal(told?.[0]?.type, kind, name)
      const series = await prometheus.query(kind === 'histogram' ? `${name}_count` : name)
      assert.ok(series.length > 0, name)
    }
  })

  for (const { panel, query } of dashboardQueries()) {
    await t.test(`the panel "${panel}" shows something: ${query}`, async () => {
      assert.ok((await prometheus.query(query)).length > 0)
    })
  }

  await t.test('every alert can be evaluated', async () => {
    const { groups } = (await prometheus.ask('/rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    assert.ok(rules.length > 0)
    for (const { name, health, lastError } of rules) assert.equal(health, 'ok', name + lastError)
  })

  await t.test('every name in the examples is printed', async () => {
    const pages = await Promise.all(both.map(async ({ url }) => (await fetch(url)).text()))
    const printed = namesIn(pages.join('\n'))
    const named = namesIn(readFileSync(DASHBOARD, 'utf8') + readFileSync(ALERTS, 'utf8'))
    assert.ok(named.size > 20)
    assert.deepEqual([...named.difference(printed)], [])
  })

  await t.test('promtool finds nothing wrong with either page', async () => {
    for (const { url } of both) {
      assert.equal(await promtool(['check', 'metrics'], await (await fetch(url)).text()), '')
    }
  })
})

test('promtool finds nothing wrong with the alerts', async () => {
  await promtool(['check', 'rules', fileURLToPath(ALERTS)])
})

test('each alert fires at what it is for, and at nothing else', async () => {
  const file = fileURLToPath(new URL('alerts.yml', import.meta.url))
  await promtool(['test', 'rules', file])
  const alerts = [...readFileSync(ALERTS, 'utf8').matchAll(/- alert: (\w+)/g)].map(
    ([, name]) => name,
  )
  const tested = [...readFileSync(file, 'utf8').matchAll(/alertname: (\w+)/g)].map(([, n]) => n)
  assert.deepEqual(
    alerts.flatMap((name) => [name, name]),
    tested,
  )
})
