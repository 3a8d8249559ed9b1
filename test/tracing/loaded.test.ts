import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startCollector } from './collector.ts'

const run = promisify(execFile)

/** Starts an Afterimage, asks it, stops it, and prints which packages of OpenTelemetry it has loaded. */
const SCRIPT = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({
  resolve(name, context, next) {
    // The client for Prometheus asks for a part of it by itself.
    const isOurs = !context.parentURL?.includes('/prom-client/')
    if (isOurs && name.startsWith('@opentelemetry/')) loaded.add(name)
    return next(name, context)
  },
})
const { loadConfig } = await import('./src/config/load.ts')
const { startInFront } = await import('./src/server/serve-cloud.ts')
await import('./src/server/serve.ts')
const { pino } = await import('pino')
const flags = { 'compute.port': '0', 'glance.url': 'http://127.0.0.1:9', ...JSON.parse(process.argv[1]) }
const { config, secrets } = loadConfig({ flags, environment: {}, cwd: '/' })
const running = await startInFront({ config, secrets, logger: pino({ level: 'silent' }) })
await fetch(running.url + '/v2.1/images', { headers: { traceparent: 'x' } })
await running.close()
process.stdout.write(JSON.stringify([...loaded]))
`

async function loadedWith(flags: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const cwd = new URL('../../', import.meta.url).pathname
  const args = ['--input-type=module', '--eval', SCRIPT, JSON.stringify(flags)]
  const { stdout } = await run(process.execPath, args, { cwd })
  return JSON.parse(stdout)
}

test('nothing of OpenTelemetry is loaded unless spans are recorded', async (t) => {
  const collector = await startCollector(t)
  const [without, having] = await Promise.all([
    loadedWith({}),
    loadedWith({ 'tracing.otlpUrl': collector.url }),
  ])
  assert.deepEqual(without, [])
  assert.ok(having.includes('@opentelemetry/sdk-trace'), `${having}`)
})
