/** Spans that wait to be sent; more are dropped. */
export const QUEUED_SPANS_MAX = 2048
export const SPANS_PER_EXPORT_MAX = 512
/** From the first span that waits to the request that sends it. */
export const EXPORT_DELAY_MS = 2000

export interface OtlpTimeouts {
  /** For one request to the collector, with what is tried again of it. */
  readonly exportTimeoutMs: number
  /** For everything that is left when the process stops. */
  readonly closeTimeoutMs: number
}

/** The end is later, so that the process can still say what was lost, and waits for nothing after it. */
export const OTLP_TIMEOUTS: OtlpTimeouts = { exportTimeoutMs: 3000, closeTimeoutMs: 4000 }
/** The exporter gives up by itself, and says why; the processor only if it does not. */
export const PROCESSOR_SLACK_MS = 1000

/** One request at a time, and what is left of one that was given up. */
export const CONNECTIONS_MAX = 4
/** Of any text in a span. */
export const ATTRIBUTE_CHARACTERS_MAX = 512
/** While a collector is down every request to it fails; one line a minute says so. */
export const TROUBLE_LOG_MS = 60_000
