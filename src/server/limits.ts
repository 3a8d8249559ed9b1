/** What a listener takes from outside, each with its unit. */

/** Request line and headers together; uWSGI in front of Nova is set to the same. */
export const HEADER_BYTES_MAX = 64 * 1024
/** From the first byte of a request to its last. */
export const REQUEST_TIMEOUT_MS = 60_000
/** From the first byte of a request to the end of its headers. */
export const HEADERS_TIMEOUT_MS = 20_000
/** A connection on which nothing moves, in either direction. */
export const IDLE_TIMEOUT_MS = 120_000
/** A connection kept for a next request. Above the 60 s that load balancers keep theirs. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** How often Node looks for requests that took too long. */
export const TIMEOUT_CHECK_INTERVAL_MS = 5_000
export const CONNECTIONS_MAX = 10_000
/** What a stopping server gives to requests in flight. */
export const DRAIN_TIMEOUT_MS = 10_000
