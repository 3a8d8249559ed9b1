import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../test/server/free-port.ts'

/** Debian's Prometheus (package: prometheus). */

const START_TIMEOUT_MS = 60_000

/** Runs `promtool`. @throws Error with what it says */
export async function promtool(args: readonly string[], input?: string): Promise<string> {
  const running = promisify(execFile)('promtool', [...args])
  running.child.stdin?.end(input)
  const { stdout } = await running
  return stdout
}

export interface Prometheus extends AsyncDisposable {
  /** The result of a path below `/api/v1`. */
  ask(path: string): Promise<unknown>
  /** The values of a query, now. */
  query(query: string): Promise<readonly Series[]>
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** A Prometheus that scrapes these addresses every second. @param rules files of alerts */
export async function startPrometheus(
  targets: readonly string[],
  rules: readonly URL[],
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-prometheus-'))
  const config = join(folder, 'prometheus.json')
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: rules.map((rule) => fileURLToPath(rule)),
      scrape_configs: [{ job_name: 'afterimage', static_configs: [{ targets }] }],
    }),
  )
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const stop = async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  const ask = async (path: string) => {
    const response = await fetch(`http://${address}/api/v1${path}`)
    const answer = (await response.json()) as { status: string; data: unknown; error?: string }
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
  try {
    await untilReady(`http://${address}/-/ready`, child)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    ask,
    query: async (query) => {
      const data = await ask(`/query?query=${encodeURIComponent(query)}`)
      return (data as { result: readonly Series[] }).result
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (child.exitCode === null && performance.now() < deadlineMs) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    await sleep(100)
  }
  throw new Error('Prometheus does not start')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
