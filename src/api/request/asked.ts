import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What is needed of a request, whether or not the framework has seen it. */
export interface Asked {
  readonly id: string
  readonly method: string
  /** The target as it was sent. */
  readonly originalUrl: string
  readonly headers: IncomingHttpHeaders
  readonly raw: IncomingMessage
}
