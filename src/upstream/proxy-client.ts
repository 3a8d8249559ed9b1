import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { buildConnector, type Dispatcher, Pool } from 'undici'

export interface ProxyClientOptions {
  /** Base URL; its path, if there is one, goes before every path. */
  readonly url: string
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string | undefined
  readonly connectTimeoutMs: number
  /** Until an answer begins, and between two pieces of it. */
  readonly silenceTimeoutMs: number
  /** Called when an answer begins, when there is none, and when the request is sent again. */
  readonly watch?: ((event: ProxyEvent) => void) | undefined
}

/** For metrics. */
export interface ProxyEvent {
  readonly kind: 'answered' | 'repeated' | 'failed'
  readonly status: number | undefined
  readonly error: Error | null
  /** The caller has left. */
  readonly isAborted: boolean
  readonly durationMs: number
}

/** A request as it came. */
export interface ProxiedRequest {
  /** Path and query as they were sent. */
  readonly target: string
  readonly body: IncomingMessage | null
  /** Ends the request when the caller has left; the library is not notified then. */
  readonly signal: AbortSignal
}

type Done = (error: Error | null, answer: Dispatcher.ResponseData) => void

const CONNECTIONS_MAX = 256
/**
 * The same for all requests, since undici opens a new connection for another name; the connector
 * has its own.
 */
const UPSTREAM_NAME = 'upstream'
const ANSWER_HEADER_BYTES_MAX = 64 * 1024

/**
 * What a proxy library asks of an HTTP client. Such a library parses and rewrites paths; the
 * proxied request, stored in the headers under this symbol, is sent unchanged.
 */
export const PROXIED: unique symbol = Symbol('proxied')

export class ProxyClient {
  readonly #pool: Pool
  /** Makes a new connection for each request: the one that failed was kept, and others may be as dead. */
  readonly #unkept: Pool
  readonly #basePath: string
  readonly #watch: ((event: ProxyEvent) => void) | undefined

  /** @throws Error when `caFile` cannot be read */
  constructor({ url, caFile, connectTimeoutMs, silenceTimeoutMs, watch }: ProxyClientOptions) {
    this.#watch = watch
    const { origin, pathname, hostname } = new URL(url)
    const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
    this.#basePath = pathname.replace(/\/+$/, '')
    const connect = buildConnector({ timeout: connectTimeoutMs, ...ca })
    // TLS names have no addresses among them; those are checked by the host that is connected to.
    const servername = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : ''
    const settings: Pool.Options = {
      connections: CONNECTIONS_MAX,
      connect: (options, done) => connect({ ...options, servername }, done),
      maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
      headersTimeout: silenceTimeoutMs,
      bodyTimeout: silenceTimeoutMs,
    }
    this.#pool = new Pool(origin, settings)
    this.#unkept = new Pool(origin, { ...settings, pipelining: 0 })
  }

  /**
   * Only a part of undici's client: libraries call `request` with a callback and use nothing else.
   */
  forLibrary(): { readonly request: Dispatcher['request'] } {
    const request = (options: Dispatcher.RequestOptions, done: Done): void => {
      const headers = options.headers as unknown as { readonly [PROXIED]: ProxiedRequest }
      const { target, body, signal } = headers[PROXIED]
      const path = `${this.#basePath}${target}`
      // The Host that callers ask for is not whom to trust: undici takes it for that without a name.
      const again = () => (body === null ? null : Readable.from(readBetween(body)))
      const asked = { ...options, path, signal, servername: UPSTREAM_NAME }
      const startMs = performance.now()
      const tell = (
        kind: ProxyEvent['kind'],
        error: Error | null,
        answer?: Dispatcher.ResponseData,
      ) => {
        const durationMs = performance.now() - startMs
        const { aborted: isAborted } = signal
        this.#watch?.({ kind, status: answer?.statusCode, error, isAborted, durationMs })
      }
      const finish: Done = (error, answer) => {
        tell(error === null ? 'answered' : 'failed', error, answer)
        // Libraries report every error, and this is not one.
        if (error === null || !signal.aborted) done(error, answer)
      }
      this.#pool.request({ ...asked, body: again() }, (error, answer) => {
        if (error !== null && isClosed(error) && isRepeatable(asked.method, body)) {
          tell('repeated', error)
          this.#unkept.request({ ...asked, body: again() }, finish)
        } else finish(error, answer)
      })
    }
    return { request: request as Dispatcher['request'] }
  }

  /** What is under way, for metrics. */
  stats(): { running: number; waiting: number; connections: number } {
    const pools = [this.#pool.stats, this.#unkept.stats]
    return {
      running: pools.reduce((sum, { running }) => sum + running, 0),
      waiting: pools.reduce((sum, { queued }) => sum + queued, 0),
      connections: pools.reduce((sum, { connected }) => sum + connected, 0),
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#unkept.destroy()])
  }
}

/**
 * A body, with a look at what the other side has sent before each piece of it: an answer that comes
 * early is read before a write to a connection that is closed by then fails, and takes the answer with it.
 */
async function* readBetween(body: IncomingMessage): AsyncGenerator<Buffer, void> {
  // Leaving early must not close the caller's connection: the answer is still to be told.
  for await (const piece of body.iterator({ destroyOnReturn: false })) {
    await turn()
    yield piece
  }
}

const CLOSED: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Whether the other side closed the connection before it answered, as it may do with one that is kept. */
function isClosed(error: Error): boolean {
  return CLOSED.has((error as { readonly code?: unknown }).code)
}

const SAFE: ReadonlySet<unknown> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A write without a body may have been carried out; one whose body has not been read cannot have been. */
function isRepeatable(method: string, body: ProxiedRequest['body']): boolean {
  return body === null ? SAFE.has(method) : !body.readableDidRead
}
