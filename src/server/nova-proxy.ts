import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Elsewhere } from '../api/compute/elsewhere.ts'
import { ComputeFault, type ComputeFaultCode } from '../api/compute/faults.ts'
import { goneSignal } from '../api/request/caller-gone.ts'
import { passedOnTrace } from '../api/request/known-trace.ts'
import type { Config } from '../config/config.ts'
import type { ServiceMeter } from '../metrics/upstream-metrics.ts'
import { type Attributes, failureOf, type Span, type Trace } from '../tracing/trace.ts'
import {
  PROXIED,
  type ProxiedRequest,
  ProxyClient,
  type ProxyEvent,
} from '../upstream/proxy-client.ts'
import type { OpenedMetrics } from './metrics.ts'

export interface NovaProxyOptions {
  readonly url: string
  readonly caFile: string | undefined
  readonly connectTimeoutMs: number
  readonly silenceTimeoutMs: number
  readonly watch?: ((event: ProxyEvent) => void) | undefined
}

/** The Nova that answers what this process does not; to be closed after the server. */
export class NovaProxy implements Elsewhere {
  readonly #client: ProxyClient
  readonly #origin: string

  /** @throws Error when `caFile` cannot be read */
  constructor(options: NovaProxyOptions) {
    this.#origin = new URL(options.url).origin
    this.#client = new ProxyClient(options)
  }

  /** Of a request, for its span; not the path, which may hold anything. */
  #said({ method }: FastifyRequest): Attributes {
    const { hostname, port, protocol } = new URL(this.#origin)
    return {
      'http.request.method': method,
      'peer.service': 'nova',
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    }
  }

  /** What is under way, for metrics. */
  stats() {
    return this.#client.stats()
  }

  register(app: FastifyInstance): void {
    const undici = this.#client.forLibrary()
    app.register(replyFrom, { base: this.#origin, undici, disableRequestLogging: true })
  }

  forward(
    request: FastifyRequest,
    reply: FastifyReply,
    refuse: (fault: ComputeFault) => void,
  ): FastifyReply {
    const signal = goneSignal(reply.raw)
    const callers = passedOnTrace(request)
    const span = callers?.begin?.(`${request.method} Nova`, 'client', this.#said(request))
    const trace = (span?.trace ?? callers)?.headers
    signal.addEventListener('abort', () => leave(reply, span), { once: true })
    const proxied = { target: targetOf(request), body: bodyOf(request), signal }
    const { connection: _, ...ours } = reply.getHeaders()
    let isRefused = false
    const fail = (error: unknown) => {
      if (signal.aborted) return
      isRefused = true
      const fault = faultOf(error)
      span?.end(failureOf(fault))
      const { connection: __, ...theirs } = reply.getHeaders()
      for (const name of Object.keys(theirs)) reply.removeHeader(name)
      reply.headers(ours)
      refuse(fault)
    }
    return reply.from('/', {
      retryDelay: () => null,
      rewriteRequestHeaders: (_request, headers) => outgoing(request, headers, { proxied, trace }),
      rewriteHeaders: (headers) => {
        // The answer is Nova's alone, its request ids too.
        for (const name of Object.keys(ours)) reply.removeHeader(name)
        return endToEnd(headers as IncomingHttpHeaders)
      },
      onResponse: (_request, _reply, response) => {
        const body = bodyOfAnswer(response)
        if (span !== undefined) body.once('close', () => endSpan(span, reply.statusCode))
        // An answer with an invalid status has been refused before.
        if (isRefused) return void body.on('error', () => undefined).destroy()
        // Until its first byte nothing is sent on, and an answer that breaks is still a fault.
        body.once('error', fail)
        body.once('readable', () => reply.send(body.off('error', fail)))
      },
      onError: (_reply, { error }) => fail(error.cause),
    })
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

/** RFC 9110, 7.6.1, and `Expect`, which is met on this side. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  // Some servers send several, which the type does not know of.
  const named = [headers.connection ?? []].flat().join().toLowerCase().split(',')
  const hop = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hop.has(name)))
}

interface Outgoing {
  readonly proxied: ProxiedRequest
  /** Headers that take the place of the caller's own; undefined: the caller sent none that are valid. */
  readonly trace: Trace['headers'] | undefined
}

/** The headers unchanged but for the trace, with `Host`, which the links in the answer use. */
function outgoing(
  request: FastifyRequest,
  headers: object,
  { proxied, trace }: Outgoing,
): IncomingHttpHeaders {
  const kept = endToEnd(headers as IncomingHttpHeaders)
  for (const name of TRACE_HEADERS) if (name in kept) delete kept[name]
  // TLS ends here, so Nova would make links without it.
  const isOverTls = request.protocol === 'https' && kept['x-forwarded-proto'] === undefined
  const proto = isOverTls ? { 'x-forwarded-proto': 'https' } : {}
  const own = { host: request.headers.host, ...trace, [PROXIED]: proxied }
  return Object.assign(kept, own, proto)
}

const TRACE_HEADERS = ['traceparent', 'tracestate'] as const

/** The raw path and query, without the host of an absolute-form target. */
function targetOf({ originalUrl }: FastifyRequest): string {
  const target = originalUrl.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  return target.startsWith('/') ? target : `/${target}`
}

function bodyOf({ raw, headers }: FastifyRequest): ProxiedRequest['body'] {
  const isEmpty = (headers['content-length'] ?? '0') === '0'
  return isEmpty && headers['transfer-encoding'] === undefined ? null : raw
}

/** The library's types name another: it is what the HTTP client gave. */
function bodyOfAnswer(answer: object): Readable {
  return (answer as { readonly stream: Readable }).stream
}

const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
])
const TIMEOUT: ReadonlySet<unknown> = new Set([
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
])

function faultOf(cause: unknown): ComputeFault {
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  if (UNREACHABLE.has(code)) {
    return new ComputeFault('upstream.unavailable', 'The Compute service cannot be reached.')
  }
  if (TIMEOUT.has(code)) {
    return new ComputeFault('upstream.timeout', 'The Compute service did not answer in time.')
  }
  return new ComputeFault('upstream.invalid', 'The Compute service gave no proper answer.')
}

function endSpan(span: Span, status: number): void {
  const attributes = { 'http.response.status_code': status }
  span.end({ attributes, isFailed: status >= 400 })
}

/** The caller has left. */
function leave(reply: FastifyReply, span: Span | undefined): void {
  span?.end({ attributes: { 'error.type': 'aborted' }, isFailed: true })
  reply.hijack()
  reply.raw.destroy()
}

/** The version at the end of Nova's address in service catalogues; requests include their own. */
const VERSION_AND_PROJECT = /\/v2(?:\.1)?(?:\/[0-9a-f-]+)?$/

/** The Nova of the configuration, if there is one. */
export function openNovaProxy(
  { compute, upstream }: Config,
  metrics?: OpenedMetrics,
): NovaProxy | undefined {
  if (compute.upstreamUrl === undefined) return undefined
  const meter = metrics?.upstreams.service('nova', () => nova.stats())
  const nova = new NovaProxy({
    url: compute.upstreamUrl.replace(VERSION_AND_PROJECT, ''),
    caFile: upstream.caFile,
    connectTimeoutMs: upstream.connectTimeoutMs,
    silenceTimeoutMs: compute.upstreamTimeoutMs,
    watch: meter && ((event) => count(meter, event)),
  })
  return nova
}

function count(
  meter: ServiceMeter,
  { kind, status, error, isAborted, durationMs }: ProxyEvent,
): void {
  if (kind === 'repeated') meter.repeated()
  else if (status !== undefined) meter.ended(String(status), durationMs)
  else if (isAborted) meter.ended('aborted', undefined)
  else meter.ended(OUTCOMES[faultOf(error).code] ?? 'invalid', durationMs)
}

const OUTCOMES: Readonly<Partial<Record<ComputeFaultCode, string>>> = {
  'upstream.unavailable': 'unreachable',
  'upstream.timeout': 'timeout',
}
