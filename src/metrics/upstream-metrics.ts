import { METRICS, type MetricName } from './definitions.ts'
import { LabelCounts } from './label-counts.ts'
import type { MetricsRegistry } from './metrics-registry.ts'
import { Tally } from './tally.ts'

/** What is under way at a service; what it does not know is left out. */
export interface ServiceStats {
  readonly running: number
  readonly waiting: number
  readonly connections: number
  readonly bufferedBytes?: number
  readonly isBroken?: boolean
  readonly breaks?: number
  readonly refused?: number
}

/** Counts the requests to one service. */
export class ServiceMeter {
  readonly seconds = new Tally(METRICS.afterimage_upstream_request_duration_seconds.buckets)
  readonly outcomes = new LabelCounts()
  retries = 0
  readonly name: string
  readonly stats: () => ServiceStats

  constructor(name: string, stats: () => ServiceStats) {
    this.name = name
    this.stats = stats
  }

  /**
   * @param outcome the status of the answer, or a word for why there is none
   * @param durationMs undefined: the caller did not wait for the end
   */
  ended(outcome: string, durationMs: number | undefined): void {
    this.outcomes.add(outcome)
    if (durationMs !== undefined) this.seconds.add(durationMs / 1000)
  }

  repeated(): void {
    this.retries += 1
  }
}

/** The requests to all other services. */
export class UpstreamMetrics {
  readonly #services: ServiceMeter[] = []

  constructor(registry: MetricsRegistry) {
    registry.add('afterimage_upstream_requests_total', () =>
      this.#services.flatMap(({ name, outcomes }) => outcomes.samples(name)),
    )
    const add = (
      metric: MetricName,
      value: (service: ServiceMeter) => number | Tally | undefined,
    ) =>
      registry.add(metric, () =>
        this.#services.flatMap((service) => {
          const found = value(service)
          return found === undefined ? [] : [{ labels: [service.name], value: found }]
        }),
      )
    add('afterimage_upstream_request_duration_seconds', ({ seconds }) => seconds)
    add('afterimage_upstream_retries_total', ({ retries }) => retries)
    add('afterimage_upstream_refused_total', ({ stats }) => stats().refused)
    add('afterimage_upstream_breaks_total', ({ stats }) => stats().breaks)
    add('afterimage_upstream_broken', ({ stats }) => {
      const { isBroken } = stats()
      return isBroken === undefined ? undefined : Number(isBroken)
    })
    add('afterimage_upstream_requests_in_flight', ({ stats }) => stats().running)
    add('afterimage_upstream_requests_waiting', ({ stats }) => stats().waiting)
    add('afterimage_upstream_connections', ({ stats }) => stats().connections)
    add('afterimage_upstream_buffered_bytes', ({ stats }) => stats().bufferedBytes)
  }

  /** Begins to count the requests to a service. */
  service(name: string, stats: () => ServiceStats): ServiceMeter {
    const meter = new ServiceMeter(name, stats)
    this.#services.push(meter)
    return meter
  }
}
