import type { BlockList } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Asked } from '../api/request/asked.ts'
import { trustedProxyList } from '../api/request/base-url.ts'
import { clientAddress } from '../api/request/client-address.ts'
import { knownCaller } from '../api/request/known-caller.ts'
import { passedOnTrace } from '../api/request/known-trace.ts'
import { passedOnRequestId } from '../api/request/request-id.ts'
import { ClientFamilies } from '../callers/client-families.ts'
import type { Config } from '../config/config.ts'
import type { EndedRequest } from '../metrics/request-metrics.ts'
import type { UpstreamEvent } from '../upstream/upstream.ts'
import { shownPath } from './shown-path.ts'

export interface RequestLogOptions {
  /** Takes the lines. */
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Log every request, not slow ones alone. */
  readonly isEveryLogged: boolean
  /** A request that takes longer is slow; 0: none is. */
  readonly slowMs: number
  readonly trustedProxies: BlockList
}

/** What a request waited for at other services. */
interface Upstreams {
  readonly requestIds: string[]
  ms: number
}

const LEVELS_WITH_REQUESTS: ReadonlySet<string> = new Set(['trace', 'debug', 'info'])

/** The log of requests that the options ask for. */
export function openRequestLog(
  { log, trustedProxies }: Pick<Config, 'log' | 'trustedProxies'>,
  logger: RequestLogOptions['logger'],
): RequestLog {
  return new RequestLog({
    logger,
    ...wanted(log),
    trustedProxies: trustedProxyList(trustedProxies),
  })
}

function wanted(log: Config['log']): Pick<RequestLogOptions, 'isEveryLogged' | 'slowMs'> {
  return { isEveryLogged: log.requests && LEVELS_WITH_REQUESTS.has(log.level), slowMs: log.slowMs }
}

/**
 * One line for each request once its answer has ended: who asked for what, what it came to and how
 * long it took. Neither the query nor a header is in it, and no part of the path that may be a token.
 */
export class RequestLog {
  #options: RequestLogOptions
  readonly #families = new ClientFamilies()
  /** By the request id that the services were given, of requests that are under way. */
  readonly #upstreams = new Map<string, Upstreams>()

  constructor(options: RequestLogOptions) {
    this.#options = options
  }

  /** Whether there is anything to log. */
  get isOn(): boolean {
    return this.#options.isEveryLogged || this.#options.slowMs > 0
  }

  /** Logs other requests from now on. */
  reload(log: Config['log']): void {
    this.#options = { ...this.#options, ...wanted(log) }
  }

  began(request: Asked): void {
    this.#upstreams.set(passedOnRequestId(request), { requestIds: [], ms: 0 })
  }

  /** Another service has answered, or not. */
  noteUpstream({ requestId, upstreamRequestId, durationMs }: UpstreamEvent): void {
    const upstreams = this.#upstreams.get(requestId)
    if (upstreams === undefined) return
    upstreams.ms += durationMs
    if (upstreamRequestId !== undefined) upstreams.requestIds.push(upstreamRequestId)
  }

  /** To be called once for each that began. */
  ended(face: string, request: Asked, ended: EndedRequest): void {
    const passedOn = passedOnRequestId(request)
    const upstreams = this.#upstreams.get(passedOn)
    this.#upstreams.delete(passedOn)
    const { logger, isEveryLogged, slowMs } = this.#options
    const isSlow = slowMs > 0 && ended.durationMs >= slowMs
    if (!isSlow && !isEveryLogged) return
    const line = this.#line(face, request, ended, upstreams)
    if (isSlow) logger.warn(line, 'slow request')
    else logger.info(line, 'request')
  }

  #line(
    face: string,
    request: Asked,
    { operation, status, userAgent, durationMs, sentBytes }: EndedRequest,
    upstreams: Upstreams | undefined,
  ): Record<string, unknown> {
    const caller = knownCaller(request)
    const passedOn = passedOnRequestId(request)
    return {
      requestId: request.id,
      ...(passedOn === request.id ? {} : { globalRequestId: passedOn }),
      traceId: passedOnTrace(request)?.traceId,
      ...{ face, operation, method: request.method, path: shownPath(request.originalUrl), status },
      durationMs: Math.round(durationMs * 100) / 100,
      bytes: sentBytes,
      projectId: caller?.projectId ?? undefined,
      userId: caller?.userId,
      client: this.#families.familyOf(userAgent),
      address: clientAddress(request, this.#options.trustedProxies),
      ...(upstreams === undefined || upstreams.ms === 0
        ? {}
        : {
            upstreamMs: Math.round(upstreams.ms * 100) / 100,
            upstreamRequestIds: upstreams.requestIds,
          }),
    }
  }
}
