import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ownEnvironment } from '../own-environment.ts'

export const BIN = fileURLToPath(new URL('../../bin/afterimage', import.meta.url))
const START_TIMEOUT_MS = 30_000
const OUTPUT_CHARACTERS_MAX = 1024 * 1024

/** A serving process of the product. */
export interface Front extends AsyncDisposable {
  /** The compute port's base, without a version. */
  readonly url: string
  /** Everything it has printed about where it listens. */
  readonly greeting: string
  readonly pid: number
  /** The end of its stderr. */
  log(): string
}

/** Serves in front of other services, as the flags say; the port is a free one. */
export async function startFront(flags: readonly string[]): Promise<Front> {
  const args = ['serve', '--compute-port', '0', '--log-level', 'warn', ...flags]
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ownEnvironment(),
  })
  const ended = once(child, 'close')
  const log = tail(child.stderr)
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    const { url, greeting } = await greeted(child, log)
    return { url, greeting, pid: child.pid ?? 0, log, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function greeted(child: ChildProcess, log: () => string) {
  const greeting = tail(child.stdout)
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (child.exitCode === null && performance.now() < deadlineMs) {
    const url = /compute +(\S+)\/v2\.1\n/.exec(greeting())?.[1]
    if (url !== undefined) return { url, greeting: greeting() }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`afterimage serve did not start: ${log()}`)
}

function tail(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_CHARACTERS_MAX)
  })
  return () => text
}
