import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Span, Trace } from '../tracing/trace.ts'
import { type Address, Addresses } from './addresses.ts'
import { Breaker } from './breaker.ts'
import { type Buffered, Exchange, type RawAnswer } from './exchange.ts'
import { UpstreamFault, type UpstreamFaultCode } from './fault.ts'
import { Gate } from './gate.ts'
import { UPSTREAM_LIMITS, type UpstreamLimits } from './limits.ts'
import { readRetryAfterS } from './retry-after.ts'

export interface UpstreamOptions {
  readonly name: 'Glance' | 'Keystone' | 'Nova'
  /** Base URLs of the same service, the preferred one first; each may have a path. */
  readonly urls: readonly string[]
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string
  readonly limits?: Partial<UpstreamLimits>
  /** Called for every request that ended, and for every retry. */
  readonly log?: (event: UpstreamEvent) => void
}

/** For the log: holds no token, no header, no query. */
export interface UpstreamEvent {
  readonly kind: 'answered' | 'repeated' | 'failed'
  readonly service: string
  readonly method: string
  readonly url: string
  /** Ours, as passed on. */
  readonly requestId: string
  /** What the service calls the request. */
  readonly upstreamRequestId: string | undefined
  readonly status: number | undefined
  readonly fault: UpstreamFaultCode | undefined
  readonly detail: string | undefined
  /** From 1. */
  readonly attempt: number
  readonly durationMs: number
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with a slash; encoded already. */
  readonly path: string
  /** Encoded already, without the question mark. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly requestId: string
  /** What the service works under. */
  readonly trace?: Trace | undefined
  /** Whose turn it takes among those that wait; all that are not known are one caller. */
  readonly caller?: string
  /** Ends the request when the caller has left. */
  readonly signal?: AbortSignal | undefined
}

export interface UpstreamAnswer extends RawAnswer {
  /** What the service calls the request. */
  readonly upstreamRequestId: string | undefined
  readonly retryAfterS: number | undefined
}

export interface JsonAnswer extends UpstreamAnswer {
  /** undefined for a status other than 2xx, and for an empty body. */
  readonly json: unknown
}

/** Answers after which a read is made again. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([502, 503, 504])
/** Faults after which it is; a hang only at another address. */
const PASSING_FAULTS: ReadonlySet<UpstreamFaultCode> = new Set(['unreachable', 'timeout'])

type Outcome = { readonly answer: UpstreamAnswer } | { readonly fault: UpstreamFault }

/**
 * Another service, at one or more addresses; every request to it is limited in time, size and
 * number.
 */
export class Upstream {
  readonly name: string
  readonly limits: UpstreamLimits
  readonly #addresses: Addresses
  readonly #attemptsMax: number
  readonly #gate: Gate
  readonly #breaker: Breaker
  readonly #buffered: Buffered = { bytes: 0 }
  readonly #log: ((event: UpstreamEvent) => void) | undefined
  #refused = 0

  /** @throws Error when `caFile` cannot be read */
  constructor(options: UpstreamOptions) {
    const { name, urls, caFile } = options
    this.name = name
    this.limits = { ...UPSTREAM_LIMITS, ...options.limits }
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
    this.#addresses = new Addresses(urls, this.limits, ca)
    this.#attemptsMax = Math.max(this.limits.attemptsMax, urls.length)
    this.#gate = new Gate(name, this.limits.concurrentMax, this.limits.queueMax)
    this.#breaker = new Breaker(name, this.limits)
    this.#log = options.log
  }

  /** The answer of any status but 3xx, its body whole. @throws UpstreamFault */
  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const startMs = performance.now()
    const deadlineMs = startMs + this.limits.answerTimeoutMs
    const tried = new Set<Address>()
    for (let attempt = 1; ; attempt += 1) {
      const isProbe = await this.#enterCounted(deadlineMs, request)
      const address = this.#addresses.next(tried)
      tried.add(address)
      const exchange = this.#exchange(request, deadlineMs)
      const span = this.#beginSpan(address, request, attempt)
      const outcome = await this.#attempt(address, request, exchange, span)
      if (span !== undefined) endSpan(span, outcome)
      if (isProbe) this.#breaker.endProbe()
      const hasFailed = isPassing(outcome)
      if (hasFailed) address.failedAtMs = performance.now()
      else if ('answer' in outcome) address.failedAtMs = 0
      const mayRepeat = hasFailed && (request.method === 'GET' || !exchange.wasSent)
      const pauseMs =
        mayRepeat && attempt < this.#attemptsMax ? this.#pauseMs(outcome, attempt, tried) : Infinity
      const isLast = performance.now() + pauseMs >= deadlineMs
      this.#tell(request, address, outcome, { attempt, startMs, isLast })
      if (isLast) {
        if ('fault' in outcome) throw outcome.fault
        return outcome.answer
      }
      if (pauseMs > 0) await this.#pause(pauseMs, request.signal)
    }
  }

  /**
   * The same, with the body parsed as JSON. @throws UpstreamFault also 'invalid' for a 2xx that is
   * not JSON
   */
  async requestJson(request: UpstreamRequest): Promise<JsonAnswer> {
    const answer = await this.request(request)
    if (answer.status >= 300 || answer.body.length === 0) return { ...answer, json: undefined }
    try {
      return { ...answer, json: JSON.parse(answer.body.toString('utf8')) as unknown }
    } catch {
      throw new UpstreamFault('invalid', `${this.name} gave an answer that is not JSON.`)
    }
  }

  /** What is under way, for metrics and tests. */
  stats(): {
    running: number
    waiting: number
    bufferedBytes: number
    connections: number
    busyConnections: number
    /** The service hangs, so that all but a probe are refused. */
    isBroken: boolean
    /** How often it was found to hang. */
    breaks: number
    /** How many requests were not made: it hangs, or too many wait. */
    refused: number
  } {
    const pools = this.#addresses.all.map(({ pool }) => pool.stats)
    return {
      running: this.#gate.running,
      waiting: this.#gate.waiting,
      bufferedBytes: this.#buffered.bytes,
      connections: pools.reduce((sum, { connected }) => sum + connected, 0),
      busyConnections: pools.reduce((sum, { running }) => sum + running, 0),
      isBroken: this.#breaker.isOpen,
      breaks: this.#breaker.breaks,
      refused: this.#refused,
    }
  }

  /** Ends what is under way and closes every connection. */
  async close(): Promise<void> {
    await this.#addresses.close()
  }

  async #enterCounted(deadlineMs: number, request: UpstreamRequest): Promise<boolean> {
    try {
      return await this.#enter(deadlineMs, request)
    } catch (error) {
      if (error instanceof UpstreamFault && error.code === 'overloaded') this.#refused += 1
      throw error
    }
  }

  /** Waits for a place. @returns whether the request is the breaker's probe. @throws UpstreamFault */
  async #enter(deadlineMs: number, request: UpstreamRequest): Promise<boolean> {
    const { caller = '', signal } = request
    const isProbe = this.#breaker.enter()
    try {
      await this.#gate.enter(caller, this.#queueTimeoutMs(deadlineMs), signal)
    } catch (error) {
      if (isProbe) this.#breaker.endProbe()
      throw error
    }
    if (isProbe || !this.#breaker.isOpen) return isProbe
    this.#gate.leave()
    throw this.#breaker.refusal()
  }

  #exchange({ signal }: UpstreamRequest, deadlineMs: number): Exchange {
    return new Exchange(this.name, this.limits, deadlineMs, signal, this.#buffered)
  }

  async #attempt(
    address: Address,
    request: UpstreamRequest,
    exchange: Exchange,
    span: Span | undefined,
  ): Promise<Outcome> {
    const { path, query, requestId } = request
    const trace = span?.trace ?? request.trace
    const target = `${address.basePath}${path}`
    const sinceMs = performance.now()
    try {
      if (!exchange.isOver) {
        address.pool.dispatch(
          {
            method: request.method,
            path: query === undefined || query === '' ? target : `${target}?${query}`,
            headers: {
              ...request.headers,
              'x-openstack-request-id': requestId,
              ...trace?.headers,
            },
            body: request.body ?? null,
          },
          exchange,
        )
      }
      const raw = await exchange.answer
      this.#breaker.sawLife()
      if (raw.status >= 300 && raw.status < 400) return { fault: this.#redirected(raw.status) }
      return { answer: { ...raw, ...facts(raw.headers) } }
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error
      if (error.code === 'timeout' && !exchange.hasBegun) this.#breaker.sawHang(sinceMs)
      else if (exchange.hasBegun || error.code === 'unreachable') this.#breaker.sawLife()
      return { fault: error }
    } finally {
      this.#gate.leave()
    }
  }

  /** Neither the query nor a header is in it. */
  #beginSpan(address: Address, { trace, method, path }: UpstreamRequest, attempt: number) {
    if (trace?.begin === undefined) return undefined
    const { hostname, port, protocol } = new URL(address.url)
    return trace.begin(`${method} ${this.name}`, 'client', {
      'http.request.method': method,
      'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
      'peer.service': this.name.toLowerCase(),
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
      'url.path': `${address.basePath}${path}`,
    })
  }

  #redirected(status: number): UpstreamFault {
    const message = `${this.name} gave a redirect, which is not followed.`
    return new UpstreamFault('invalid', message, `status ${status}`)
  }

  /** How long to wait before the next attempt; Infinity for not at all. */
  #pauseMs(outcome: Outcome, attempt: number, tried: ReadonlySet<Address>): number {
    if (this.#addresses.hasGood(tried)) return 0
    if ('fault' in outcome && outcome.fault.code === 'timeout') {
      return tried.size < this.#addresses.all.length ? 0 : Infinity
    }
    const { backoffBaseMs, backoffMaxMs, retryAfterMaxMs } = this.limits
    const jitteredMs = Math.random() * Math.min(backoffBaseMs * 2 ** (attempt - 1), backoffMaxMs)
    const askedMs = 'answer' in outcome ? (outcome.answer.retryAfterS ?? 0) * 1000 : 0
    return askedMs > retryAfterMaxMs ? Infinity : Math.max(jitteredMs, askedMs)
  }

  async #pause(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await pause(pauseMs, undefined, signal === undefined ? {} : { signal })
    } catch {
      throw new UpstreamFault('aborted', `${this.name} need not answer any more.`)
    }
  }

  #queueTimeoutMs(deadlineMs: number): number {
    return Math.max(Math.min(this.limits.queueTimeoutMs, deadlineMs - performance.now()), 0)
  }

  #tell(
    request: UpstreamRequest,
    address: Address,
    outcome: Outcome,
    { attempt, startMs, isLast }: { attempt: number; startMs: number; isLast: boolean },
  ): void {
    if (this.#log === undefined) return
    const answer = 'answer' in outcome ? outcome.answer : undefined
    const fault = 'fault' in outcome ? outcome.fault : undefined
    this.#log({
      kind: isLast ? (answer === undefined ? 'failed' : 'answered') : 'repeated',
      service: this.name,
      method: request.method,
      url: `${address.url}${request.path}`,
      requestId: request.requestId,
      upstreamRequestId: answer?.upstreamRequestId,
      status: answer?.status,
      fault: fault?.code,
      detail: fault?.detail,
      attempt,
      durationMs: performance.now() - startMs,
    })
  }
}

function endSpan(span: Span, outcome: Outcome): void {
  const answer = 'answer' in outcome ? outcome.answer : undefined
  const isFailed = answer === undefined || answer.status >= 400
  const type = 'fault' in outcome ? outcome.fault.code : String(answer?.status)
  span.end({
    attributes: {
      'http.response.status_code': answer?.status,
      'error.type': isFailed ? type : undefined,
      'openstack.upstream_request_id': answer?.upstreamRequestId,
    },
    isFailed,
  })
}

function isPassing(outcome: Outcome): boolean {
  return 'answer' in outcome
    ? PASSING_STATUSES.has(outcome.answer.status)
    : PASSING_FAULTS.has(outcome.fault.code)
}

function facts(headers: IncomingHttpHeaders): {
  upstreamRequestId: string | undefined
  retryAfterS: number | undefined
} {
  const id = headers['x-openstack-request-id']
  return {
    upstreamRequestId: typeof id === 'string' ? id : id?.[0],
    retryAfterS: readRetryAfterS(headers['retry-after'], Date.now()),
  }
}
