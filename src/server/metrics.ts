import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { TOKEN_OUTCOMES, type TokenWatch } from '../identity/identity.ts'
import { LabelCounts } from '../metrics/label-counts.ts'
import { MetricsRegistry } from '../metrics/metrics-registry.ts'
import { type Format, printMetrics } from '../metrics/print-metrics.ts'
import { RequestMetrics } from '../metrics/request-metrics.ts'
import { UpstreamMetrics } from '../metrics/upstream-metrics.ts'
import { drain } from './drain.ts'
import { listen } from './listen.ts'
import { createMetricsServer } from './metrics-server.ts'

/** What is measured, and where it is printed. */
export interface OpenedMetrics {
  readonly registry: MetricsRegistry
  readonly requests: RequestMetrics
  readonly upstreams: UpstreamMetrics
  readonly watchTokens: TokenWatch
  /** Opens the port. @returns the address of the page @throws ListenError */
  listen(): Promise<string>
  close(): Promise<void>
}

/** undefined: nothing is measured. */
export function openMetrics(config: Config, logger: FastifyBaseLogger): OpenedMetrics | undefined {
  const { host, port } = config.metrics
  if (port === 0) return undefined
  const registry = new MetricsRegistry()
  const tokens = new LabelCounts(TOKEN_OUTCOMES)
  registry.add('afterimage_token_lookups_total', () => tokens.samples())
  const print = async (format: Format) => printMetrics(await registry.read(), format)
  const app = createMetricsServer(print, logger)
  return {
    registry,
    requests: new RequestMetrics(registry),
    upstreams: new UpstreamMetrics(registry),
    watchTokens: (outcome) => tokens.add(outcome),
    listen: async () => `${(await listen(app, 'metrics', host, port)).url}/metrics`,
    close: () => drain([app]),
  }
}
