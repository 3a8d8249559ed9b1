import { AggregatorRegistry, type Metric, Registry, type RegistryContentType } from 'prom-client'

/** A line of a metric. */
export interface Value {
  /** Where it is another one than the metric's, as of a bucket. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric as the library exchanges it between processes. */
export interface MetricValues {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly Value[]
  /** How the values of several processes become one. */
  readonly aggregator: string
}

export type Format = 'text' | 'openmetrics'

export interface PrintedMetrics {
  readonly contentType: string
  readonly body: string
}

/** Prints what several processes measure as one page. */
export async function printMetrics(
  processes: readonly (readonly MetricValues[])[],
  format: Format,
): Promise<PrintedMetrics> {
  const named =
    format === 'text' ? processes : processes.map((metrics) => metrics.map(withoutEnding))
  const [only, ...others] = named
  const registry =
    only !== undefined && others.length === 0
      ? registryOf(only)
      : AggregatorRegistry.aggregate<RegistryContentType>(named.map((metrics) => [...metrics]))
  const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry
  registry.setContentType(
    format === 'openmetrics' ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE,
  )
  return { contentType: registry.contentType, body: await registry.metrics() }
}

/** As they are: adding up takes longer than printing. */
function registryOf(metrics: readonly MetricValues[]): Registry<RegistryContentType> {
  const registry = new Registry<RegistryContentType>()
  for (const metric of metrics) {
    // A registry asks for a name, a type and `get` only.
    registry.registerMetric({ ...metric, get: () => metric } as unknown as Metric)
  }
  return registry
}

/** The library gives a counter's lines their ending in OpenMetrics, which its name has not there. */
function withoutEnding(metric: MetricValues): MetricValues {
  if (metric.type !== 'counter') return metric
  return { ...metric, name: metric.name.replace(/_total$/, '') }
}
