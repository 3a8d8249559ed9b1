import { collectDefaultMetrics, Registry } from 'prom-client'
import { METRICS, type MetricDefinition, type MetricName } from './definitions.ts'
import type { MetricValues, Value } from './print-metrics.ts'
import type { Tally } from './tally.ts'

/** A value of a metric, or a histogram's counts, with the values of its labels in their order. */
export interface Sample {
  readonly labels: readonly string[]
  readonly value: number | Tally
}

/** Where the values of a metric are read when it is scraped. */
export type Samples = () => Iterable<Sample> | Promise<Iterable<Sample>>

/**
 * All that is measured in this process. Nothing is counted here: each metric's values are read from
 * where they are kept when they are scraped, so that counting costs the requests next to nothing.
 */
export class MetricsRegistry {
  readonly #ofProcess = new Registry()
  readonly #ours = new Map<MetricName, Samples>()

  /** Begins with the metrics of the process, as the library has them. */
  constructor() {
    collectDefaultMetrics({ register: this.#ofProcess })
    for (const name of MISNAMED) this.#ofProcess.removeSingleMetric(name)
  }

  /** Adds a metric of the table. */
  add(name: MetricName, samples: Samples): void {
    this.#ours.set(name, samples)
  }

  /** The values of all metrics, now. */
  async read(): Promise<readonly MetricValues[]> {
    const [ofProcess, ours] = await Promise.all([
      this.#ofProcess.getMetricsAsJSON(),
      Promise.all(Array.from(this.#ours, ([name, samples]) => valuesOf(name, samples))),
    ])
    return [...(ofProcess as unknown as readonly MetricValues[]), ...ours]
  }
}

/** Gauges with the ending of a counter; each is the sum of one that stays. */
const MISNAMED: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

async function valuesOf(name: MetricName, samples: Samples): Promise<MetricValues> {
  const definition: MetricDefinition = METRICS[name]
  const { kind: type, help, labels: names } = definition
  const values: Value[] = []
  for (const { labels: given, value } of await samples()) {
    const labels = Object.fromEntries(names.map((label, i) => [label, given[i] ?? '']))
    if (typeof value === 'number') values.push({ labels, value })
    else values.push(...valuesOfTally(name, definition, labels, value))
  }
  return { name, help, type, values }
}

function valuesOfTally(
  name: MetricName,
  { buckets: bounds = [] }: MetricDefinition,
  labels: Readonly<Record<string, string>>,
  { counts, sum }: Tally,
): readonly Value[] {
  const values: Value[] = []
  let count = 0
  for (const [i, more] of counts.entries()) {
    count += more
    const le = bounds[i] ?? '+Inf'
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count })
  }
  values.push({ metricName: `${name}_sum`, labels, value: sum })
  values.push({ metricName: `${name}_count`, labels, value: count })
  return values
}
