/** What a listener takes from outside, each with its unit. */

/** Request line and headers together; uWSGI in front of Nova is set to the same. */
export const HEADER_BYTES_MAX = 64 * 1024
/** What a stopping server gives to requests in flight. */
export const DRAIN_TIMEOUT_MS = 10_000
/**
 * How long the data of a refused caller is read and dropped: closing at once would reset the
 * connection, and a reset may arrive before the answer.
 */
export const LINGER_MS = 2000

export interface ServerLimits {
  readonly connectionsMax: number
  /** From a connection to the end of its TLS handshake, which is a few short messages. */
  readonly handshakeTimeoutMs: number
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  /** A connection on which nothing moves, in either direction. */
  readonly idleTimeoutMs: number
  /** A connection kept for a next request. */
  readonly keepAliveTimeoutMs: number
  /** How often Node looks for requests that took too long. */
  readonly timeoutCheckIntervalMs: number
}

export const SERVER_LIMITS: ServerLimits = {
  connectionsMax: 10_000,
  handshakeTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 20_000,
  idleTimeoutMs: 120_000,
  keepAliveTimeoutMs: 65_000, // above the 60 s that load balancers keep theirs
  timeoutCheckIntervalMs: 5000,
}
