import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Caller } from '../../identity/identity.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { Operation } from './routes.ts'

/**
 * A request that passed every check before validation: the caller, the operation and its
 * parameters.
 */
export interface Call {
  readonly operation: Operation
  /** The image id in the path as it was sent, else ''. */
  readonly id: string
  /** The tag's or member's name in the path, else ''. */
  readonly name: string
  /** The query string as it was sent. */
  readonly query: string
  /** Scheme, host and prefix that links start with. */
  readonly base: string
  readonly caller: Caller
  readonly viewer: Viewer
}

/** What came with a request besides its target. */
export interface Incoming {
  readonly headers: IncomingHttpHeaders
  /** As the server read it: the bytes, or a stream where the operation streams; undefined: none. */
  readonly body: unknown
  readonly raw: IncomingMessage
}

/** What is sent back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Readable
}
