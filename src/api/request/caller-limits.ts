import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../identity/identity.ts'

/** What one caller may do beside others. */
export interface CallerLimits {
  /** To be called once for each request whose caller is known. @throws CallerThrottled */
  admit(request: FastifyRequest, caller: Caller): Promise<void>
  /**
   * To be called when a request turns out to be one of these; it counts until its answer is through.
   * @throws CallerThrottled
   */
  hold(what: Held, reply: FastifyReply, caller: Caller): Promise<void>
}

/** What takes memory or a connection for long, so that a caller may have only some at once. */
export type Held = 'long list' | 'upload'

/** The caller has to slow down: 429, on every face. The message is for the caller. */
export class CallerThrottled extends Error {
  override readonly name = 'CallerThrottled'
  readonly retryAfterS: number

  constructor(message: string, retryAfterS: number) {
    super(message)
    this.retryAfterS = retryAfterS
  }
}
