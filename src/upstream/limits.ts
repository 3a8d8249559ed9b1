/** Every limit on requests to another service and on its answers. */
export interface UpstreamLimits {
  /** From asking for a connection (a kept one is there at once) until the request is being sent. */
  readonly connectTimeoutMs: number
  /** From sending until the answer's header block is there. */
  readonly firstByteTimeoutMs: number
  /** Between two pieces of an answer's body. */
  readonly gapTimeoutMs: number
  /** From the call until the whole answer is there: waiting, every attempt and every pause included. */
  readonly answerTimeoutMs: number
  /** Attempts at one request, if it may be repeated. With more addresses: one for each. */
  readonly attemptsMax: number
  /** The first pause between two attempts is a random part of this; it doubles with each. */
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  /**
   * If a service asks for a longer pause (Retry-After) it is not asked again; the caller gets the
   * fault.
   */
  readonly retryAfterMaxMs: number
  /** How long an address that failed is tried last. */
  readonly badAddressMs: number
  /** After so many requests in a row without a byte of an answer, others are refused at once. */
  readonly hangsMax: number
  /** Requests under way at once, and so also connections to one address. */
  readonly concurrentMax: number
  /** Requests that wait for one of those to end. */
  readonly queueMax: number
  readonly queueTimeoutMs: number
  readonly answerHeaderBytesMax: number
  readonly answerBytesMax: number
  /** Of all answers that are being read at once. */
  readonly bufferedBytesMax: number
  /** How long an unused connection is kept. */
  readonly keepAliveTimeoutMs: number
}

const KIB = 1024
const MIB = 1024 * KIB

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectTimeoutMs: 3_000,
  firstByteTimeoutMs: 10_000,
  gapTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
  attemptsMax: 3,
  backoffBaseMs: 50,
  backoffMaxMs: 1_000,
  retryAfterMaxMs: 2_000,
  badAddressMs: 5_000,
  hangsMax: 3,
  concurrentMax: 64,
  queueMax: 1_000,
  queueTimeoutMs: 5_000,
  answerHeaderBytesMax: 64 * KIB,
  answerBytesMax: 64 * MIB,
  bufferedBytesMax: 256 * MIB,
  keepAliveTimeoutMs: 4_000,
}
