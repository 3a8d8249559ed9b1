import { ClientFamilies } from '../callers/client-families.ts'
import type { ClientFamily } from '../callers/client-family.ts'
import { METRICS } from './definitions.ts'
import type { MetricsRegistry, Sample } from './metrics-registry.ts'
import { Tally } from './tally.ts'

/** A request whose answer has ended. */
export interface EndedRequest {
  readonly operation: string
  /** 'gone': the caller left before there was one. */
  readonly status: number | 'gone'
  readonly userAgent: string | undefined
  readonly durationMs: number
  readonly sentBytes: number
}

/** What has been counted of one operation. */
interface Counts {
  readonly face: string
  readonly operation: string
  readonly requests: Map<EndedRequest['status'], Map<ClientFamily, number>>
  readonly seconds: Tally
  sentBytes: number
}

/** Counts the requests of one port. */
export class PortMeter {
  readonly port: string
  inFlight = 0
  readonly #faceOf: (operation: string) => string
  readonly #families: ClientFamilies
  readonly #counts = new Map<string, Counts>()

  /** @param faceOf whose operation it is: a port may carry more than one API */
  constructor(port: string, faceOf: (operation: string) => string, families: ClientFamilies) {
    this.port = port
    this.#faceOf = faceOf
    this.#families = families
  }

  began(): void {
    this.inFlight += 1
  }

  /** To be called once for each that began. */
  ended({ operation, status, userAgent, durationMs, sentBytes }: EndedRequest): void {
    this.inFlight -= 1
    const counts = this.#counts.get(operation) ?? this.#begin(operation)
    counts.seconds.add(durationMs / 1000)
    counts.sentBytes += sentBytes
    let byFamily = counts.requests.get(status)
    if (byFamily === undefined) {
      byFamily = new Map()
      counts.requests.set(status, byFamily)
    }
    const family = this.#families.familyOf(userAgent)
    byFamily.set(family, (byFamily.get(family) ?? 0) + 1)
  }

  counts(): Iterable<Counts> {
    return this.#counts.values()
  }

  #begin(operation: string): Counts {
    const counts: Counts = {
      face: this.#faceOf(operation),
      operation,
      requests: new Map(),
      seconds: new Tally(METRICS.afterimage_request_duration_seconds.buckets),
      sentBytes: 0,
    }
    this.#counts.set(operation, counts)
    return counts
  }
}

/** The requests of all ports. */
export class RequestMetrics {
  readonly #ports: PortMeter[] = []
  readonly #families = new ClientFamilies()

  constructor(registry: MetricsRegistry) {
    const ofOperations = (value: (counts: Counts) => Sample['value']) => () =>
      this.#counts().map((counts) => ({
        labels: [counts.face, counts.operation],
        value: value(counts),
      }))
    registry.add('afterimage_requests_total', () => this.#requests())
    registry.add(
      'afterimage_request_duration_seconds',
      ofOperations(({ seconds }) => seconds),
    )
    registry.add(
      'afterimage_sent_bytes_total',
      ofOperations(({ sentBytes }) => sentBytes),
    )
    registry.add('afterimage_requests_in_flight', () =>
      this.#ports.map(({ port, inFlight }) => ({ labels: [port], value: inFlight })),
    )
  }

  /** Begins to count a port. @param faceOf whose operation it is, where the port carries more than one API */
  port(name: string, faceOf: (operation: string) => string = () => name): PortMeter {
    const meter = new PortMeter(name, faceOf, this.#families)
    this.#ports.push(meter)
    return meter
  }

  #counts(): readonly Counts[] {
    return this.#ports.flatMap((port) => [...port.counts()])
  }

  *#requests(): Iterable<Sample> {
    for (const { face, operation, requests } of this.#counts()) {
      for (const [status, byFamily] of requests) {
        for (const [family, value] of byFamily) {
          yield { labels: [face, operation, String(status), family], value }
        }
      }
    }
  }
}
