import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))

/** Requests in flight at any time: enough to keep a server of one thread busy. */
export const CONNECTIONS = 8

/** One run of load. */
export interface Load {
  /** Such as `http://127.0.0.1:8774`. */
  readonly url: string
  readonly token: string
  /** More headers, such as `If-None-Match: W/"x"`. */
  readonly headers?: readonly string[]
  /** A file of paths, one a line, asked for in turn. */
  readonly pathsFile: string
  /** Set to make every request unique; otherwise they are sent unchanged. */
  readonly round: number | undefined
  readonly seconds: number
  /** CONNECTIONS without it. */
  readonly connections?: number
  /** A request that takes longer counts as broken. */
  readonly timeoutSeconds?: number
}

const TIMEOUT_SECONDS = 2

export interface Measured {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly bytesPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** @throws Error when there is no wrk, and when any request was not answered with success */
export async function load({
  url,
  token,
  headers = [],
  pathsFile,
  round,
  seconds,
  connections = CONNECTIONS,
  timeoutSeconds = TIMEOUT_SECONDS,
}: Load): Promise<Measured> {
  const script = [
    '-s',
    SCRIPT,
    url,
    '--',
    pathsFile,
    ...(round === undefined ? [] : [String(round)]),
  ]
  const times = [`-d${seconds}s`, '--timeout', `${timeoutSeconds}s`]
  const sent = [`X-Auth-Token: ${token}`, ...headers].flatMap((header) => ['-H', header])
  const flags = ['-t1', `-c${connections}`, ...times, ...sent]
  const { stdout } = await start([...flags, ...script])
  const found = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}')
  const { requests, microseconds, bytes, p50, p99, refused, broken } = found
  if (!(requests > 0) || refused !== 0 || broken !== 0) {
    throw new Error(`${url}: ${refused} requests refused, ${broken} broken, of ${requests}`)
  }
  return {
    requests,
    requestsPerSecond: (requests * 1_000_000) / microseconds,
    bytesPerRequest: bytes / requests,
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
  }
}

/** @throws Error that says how to get wrk. */
export async function checkWrk(): Promise<void> {
  // It has no flag that does nothing: asked for its version it prints it and exits with 1.
  await start(['--version']).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.message.startsWith('wrk ')) throw error
  })
}

async function start(args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await run('wrk', args)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('wrk is not installed: on Debian and Ubuntu, "apt-get install wrk"')
  }
}
