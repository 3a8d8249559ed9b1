export type UpstreamFaultCode =
  /** No connection, or it broke before the answer was whole. */
  | 'unreachable'
  /** Too many requests are under way or wait already, or the service hangs. */
  | 'overloaded'
  | 'timeout'
  /** The answer is invalid: a redirect, broken HTTP, not JSON. */
  | 'invalid'
  /** The answer is larger than is taken. */
  | 'too_large'
  /** The caller gave it up. */
  | 'aborted'

/**
 * Why another service gave no answer. The message names the service and never holds what was sent.
 * `detail` is for the log.
 */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault'
  readonly code: UpstreamFaultCode
  readonly detail: string | undefined
  /** Seconds after which to try again, where that is known. */
  readonly retryAfterS: number | undefined

  constructor(code: UpstreamFaultCode, message: string, detail?: string, retryAfterS?: number) {
    super(message)
    this.code = code
    this.detail = detail
    this.retryAfterS = retryAfterS
  }
}
