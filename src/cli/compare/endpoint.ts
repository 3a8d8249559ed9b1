import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { CommandFailure, UsageFailure } from '../failure.ts'
import type { ReadMethod } from './requests.ts'

/** How long to wait for data before it counts as no answer. */
const SILENCE_TIMEOUT_MS = 60_000
const ANSWER_BYTES_MAX = 100 * 1024 * 1024

/** One of the two that are compared. */
export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string
  /** What comes before `/v2.1`, without a slash at its end. */
  readonly prefix: string
  /** Sent as Host. */
  readonly host: string
}

export interface Answer {
  /** 0: the connection was closed without an answer, or none came in time. */
  readonly status: number
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** @throws UsageFailure */
export function readEndpoint(argument: string, host: string | undefined): Endpoint {
  const url = URL.parse(argument)
  const isRight = url !== null && /^https?:$/.test(url.protocol) && !/[?#]/.test(argument)
  if (!isRight || url.username !== '') {
    throw new UsageFailure(`"${argument}" must be a URL such as http://nova.example:8774`)
  }
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/v2(\.1)?(\/[^/]+)?$/, '')
  return { origin: url.origin, prefix, host: host ?? url.host }
}

/**
 * Sends one request with the raw target; no redirect is followed.
 * @throws CommandFailure when the command was stopped
 */
export function send(
  endpoint: Endpoint,
  method: ReadMethod,
  path: string,
  headers: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<Answer> {
  const { origin, prefix, host } = endpoint
  const request = origin.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const none = (reason: string) => {
      if (stop.aborted) reject(new CommandFailure('stopped'))
      else resolve({ status: 0, headers: {}, text: reason })
    }
    const options = {
      method,
      path: prefix + path,
      headers: { Host: host, ...headers },
      timeout: SILENCE_TIMEOUT_MS,
      signal: stop,
    }
    const sent = request(origin, options, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > ANSWER_BYTES_MAX) {
          response.destroy(new Error(`more than ${ANSWER_BYTES_MAX} bytes`))
        }
      })
      response.on('error', (error) => none(error.message))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headersDistinct).map(([k, v]) => [k, v?.join(', ') ?? '']),
          ),
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', (error) => none(error.message))
    sent.end()
  })
}
