import { CommandFailure } from '../failure.ts'
import { printable } from '../terminal.ts'

/** How long to wait for data before giving up. */
const SILENCE_TIMEOUT_MS = 60_000
/** An answer larger than this is not read; a full list is about 1.5 KiB an image. */
const ANSWER_BYTES_MAX = 400 * 1024 * 1024
const EXCERPT_CHARACTERS_MAX = 200

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The parsed JSON; undefined if the body is not JSON. */
  readonly json: unknown
}

export interface Question {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly stop: AbortSignal
}

/**
 * One request to a server; the answer is read whole. Redirects are not followed, so that the token
 * goes to no other server. @throws CommandFailure when there is no usable answer
 */
export async function ask(url: string, question: Question): Promise<Answer> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      method: question.method ?? 'GET',
      headers: { accept: 'application/json', ...question.headers },
      body: question.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any([silence.signal, question.stop]),
    })
    const text = await readBody(response, url, timer)
    return { status: response.status, headers: response.headers, json: parse(text) }
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    if (question.stop.aborted) throw new CommandFailure('stopped')
    if (silence.signal.aborted) {
      throw new CommandFailure(`${url}: nothing came for ${SILENCE_TIMEOUT_MS / 1000} s`)
    }
    throw new CommandFailure(`cannot reach ${url}: ${reasonOf(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

async function readBody(response: Response, url: string, timer: NodeJS.Timeout): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    timer.refresh()
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) {
      throw new CommandFailure(
        `${url}: the answer is larger than ${ANSWER_BYTES_MAX} bytes; ask for less with --limit`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** fetch says "fetch failed" and hides why in `cause`. */
function reasonOf(error: unknown): string {
  const cause = (error as Error).cause as (Error & { code?: string }) | undefined
  switch (cause?.code) {
    case 'ECONNREFUSED':
      return 'connection refused; is it running?'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known'
    case undefined:
      return printable(cause?.message ?? (error as Error).message)
    default:
      return `${printable(cause?.message ?? '')} (${cause?.code})`
  }
}

/** The message in a fault of any OpenStack service: the one object in it, or in Keystone's `error`. */
export function faultMessage({ status, json }: Answer): string {
  const [fault] = isObject(json) ? Object.values(json) : []
  const message = isObject(fault) ? fault['message'] : undefined
  const text = typeof message === 'string' ? printable(message) : 'no reason given'
  return `${status}: ${text.slice(0, EXCERPT_CHARACTERS_MAX)}`
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
