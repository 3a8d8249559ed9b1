import { type Metric, Registry, type RegistryContentType } from 'prom-client'

/** A line of a metric. */
export interface Value {
  /** Where it is another one than the metric's, as of a bucket. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric with its values, as the library's registries exchange it. */
export interface MetricValues {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly Value[]
}

export type Format = 'text' | 'openmetrics'

export interface PrintedMetrics {
  readonly contentType: string
  readonly body: string
}

/** Prints metrics as a page. */
export async function printMetrics(
  metrics: readonly MetricValues[],
  format: Format,
): Promise<PrintedMetrics> {
  const registry = new Registry<RegistryContentType>()
  const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry
  registry.setContentType(
    format === 'openmetrics' ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE,
  )
  for (const metric of format === 'text' ? metrics : metrics.map(withoutEnding)) {
    // A registry asks for a name, a type and `get` only.
    registry.registerMetric({ ...metric, get: () => metric } as unknown as Metric)
  }
  return { contentType: registry.contentType, body: await registry.metrics() }
}

/** The library gives a counter's lines their ending in OpenMetrics, which its name has not there. */
function withoutEnding(metric: MetricValues): MetricValues {
  if (metric.type !== 'counter') return metric
  return { ...metric, name: metric.name.replace(/_total$/, '') }
}
