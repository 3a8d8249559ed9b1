/** Every metric, declared once: what is printed, documented and tested follows from this table. */

export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** One line, for `# HELP` and the documentation. */
  readonly help: string
  /** Each takes values of a bounded set only: none holds what a caller sent. */
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, in the unit of its name. */
  readonly buckets?: readonly number[]
}

/** From an answer out of memory to one that waits for another service. */
const REQUEST_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

/** A service on the same network, up to the deadline for its answer. */
const UPSTREAM_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const

export const METRICS = {
  afterimage_requests_total: {
    kind: 'counter',
    help: 'Requests that have ended, by API, operation, status of the answer and client family.',
    labels: ['face', 'operation', 'status', 'client'],
  },
  afterimage_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the end of the headers of a request to the end of its answer, bodies included.',
    labels: ['face', 'operation'],
    buckets: REQUEST_SECONDS,
  },
  afterimage_sent_bytes_total: {
    kind: 'counter',
    help: 'Bytes of answers, headers included.',
    labels: ['face', 'operation'],
  },
  afterimage_requests_in_flight: {
    kind: 'gauge',
    help: 'Requests that are being answered.',
    labels: ['port'],
  },
  afterimage_requests_worked_on: {
    kind: 'gauge',
    help: 'Those that count for limits.requestsInFlight: no bytes of the caller are waited for.',
    labels: [],
  },
  afterimage_requests_waiting: {
    kind: 'gauge',
    help: 'Requests that wait for one of those to end.',
    labels: [],
  },
  afterimage_upstream_requests_total: {
    kind: 'counter',
    help: 'Requests to another service that have ended, by the status of the answer or why there is none.',
    labels: ['service', 'outcome'],
  },
  afterimage_upstream_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time until the whole answer of Glance or Keystone, waits and retries included, or until that of Nova begins.',
    labels: ['service'],
    buckets: UPSTREAM_SECONDS,
  },
  afterimage_upstream_retries_total: {
    kind: 'counter',
    help: 'Attempts at a request to another service after the first.',
    labels: ['service'],
  },
  afterimage_upstream_refused_total: {
    kind: 'counter',
    help: 'Requests that were not made because the service hangs or too many wait for it.',
    labels: ['service'],
  },
  afterimage_upstream_breaks_total: {
    kind: 'counter',
    help: 'Times the service was found to hang.',
    labels: ['service'],
  },
  afterimage_upstream_broken: {
    kind: 'gauge',
    help: 'Whether the service hangs, so that requests to it are refused at once: 1 or 0.',
    labels: ['service'],
  },
  afterimage_upstream_requests_in_flight: {
    kind: 'gauge',
    help: 'Requests to another service that are under way.',
    labels: ['service'],
  },
  afterimage_upstream_requests_waiting: {
    kind: 'gauge',
    help: 'Requests to it that wait for one of those to end.',
    labels: ['service'],
  },
  afterimage_upstream_connections: {
    kind: 'gauge',
    help: 'Open connections to another service.',
    labels: ['service'],
  },
  afterimage_upstream_buffered_bytes: {
    kind: 'gauge',
    help: 'Bytes of answers that are being read.',
    labels: ['service'],
  },
  afterimage_short_memory_lookups_total: {
    kind: 'counter',
    help: 'Lists of Glance that were looked for in the short memory, by what was found.',
    labels: ['result'],
  },
  afterimage_short_memory_lists: {
    kind: 'gauge',
    help: 'Lists in the short memory.',
    labels: [],
  },
  afterimage_short_memory_bytes: {
    kind: 'gauge',
    help: 'What these lists take.',
    labels: [],
  },
  afterimage_answer_cache_lookups_total: {
    kind: 'counter',
    help: 'Lists that were looked for among the printed answers, by what was found.',
    labels: ['result'],
  },
  afterimage_answer_cache_answers: {
    kind: 'gauge',
    help: 'Printed answers that are kept.',
    labels: [],
  },
  afterimage_answer_cache_bytes: {
    kind: 'gauge',
    help: 'Bytes of the printed answers that are kept.',
    labels: [],
  },
  afterimage_images: {
    kind: 'gauge',
    help: 'Images in the embedded catalogue.',
    labels: [],
  },
  afterimage_database_bytes: {
    kind: 'gauge',
    help: 'Size of the file of the embedded catalogue and of its log of recent writes.',
    labels: ['file'],
  },
  afterimage_database_writes_total: {
    kind: 'counter',
    help: 'Transactions that write to it, by what became of them.',
    labels: ['outcome'],
  },
  afterimage_database_busy_waits_total: {
    kind: 'counter',
    help: 'Writes that had to wait for another process.',
    labels: [],
  },
  afterimage_database_busy_wait_seconds_total: {
    kind: 'counter',
    help: 'Time that they waited.',
    labels: [],
  },
  afterimage_token_lookups_total: {
    kind: 'counter',
    help: 'Tokens of requests, by what was found of them.',
    labels: ['outcome'],
  },
  afterimage_uploads_in_progress: {
    kind: 'gauge',
    help: 'Image data that is being received.',
    labels: [],
  },
  afterimage_uploads_total: {
    kind: 'counter',
    help: 'Image data that was received, by what became of it.',
    labels: ['outcome'],
  },
  afterimage_uploaded_bytes_total: {
    kind: 'counter',
    help: 'Bytes of image data that have come, those of uploads that failed included.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type MetricName = keyof typeof METRICS
