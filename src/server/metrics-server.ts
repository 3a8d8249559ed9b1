import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Format, PrintedMetrics } from '../metrics/print-metrics.ts'
import { loggerForFramework } from './framework-log.ts'

/** Prometheus servers keep one connection each. */
const CONNECTIONS_MAX = 100
const HEADER_BYTES_MAX = 16 * 1024
/** From the first byte of a request to its last; none has a body. */
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 120_000

/**
 * `GET /metrics`, and nothing besides. It does not listen yet.
 * @param print called once for all who ask at the same time
 */
export function createMetricsServer(
  print: (format: Format) => Promise<PrintedMetrics>,
  logger: FastifyBaseLogger,
): FastifyInstance {
  const app = Fastify({
    loggerInstance: loggerForFramework(logger),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: REQUEST_TIMEOUT_MS },
  })
  app.server.maxConnections = CONNECTIONS_MAX
  const printing = new Map<Format, Promise<PrintedMetrics>>()
  const printOnce = (format: Format) => {
    const underWay = printing.get(format)
    if (underWay !== undefined) return underWay
    const begun = print(format).finally(() => printing.delete(format))
    printing.set(format, begun)
    return begun
  }
  app.get('/metrics', async (request, reply) => {
    const { contentType, body } = await printOnce(formatFor(request))
    // What depends on Accept would be kept for one who asks otherwise.
    reply.header('vary', 'Accept').header('cache-control', 'no-store')
    return reply.header('content-type', contentType).send(body)
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain; charset=utf-8').send('The metrics are at GET /metrics.\n'),
  )
  return app
}

const OPENMETRICS = 'application/openmetrics-text'

/**
 * OpenMetrics where it is asked for, and the text format for everyone else; as the Go client library
 * of Prometheus decides it, any other wish gets the text format, never 406.
 */
function formatFor({ headers }: FastifyRequest): Format {
  const wishes = (headers.accept ?? '').toLowerCase().split(',')
  return wishes.some((wish) => weightOf(wish) > 0) ? 'openmetrics' : 'text'
}

/** How much OpenMetrics is wished for; 0: not at all. */
function weightOf(wish: string): number {
  const [type = '', ...parameters] = wish.split(';').map((part) => part.trim())
  if (type !== OPENMETRICS) return 0
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  return weight === undefined ? 1 : Number(weight.slice(2))
}
