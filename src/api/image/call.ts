import type { Viewer } from '../../image/visibility.ts'
import type { Operation } from './routes.ts'

/** A request that passed every check before validation: who asks for what. */
export interface Call {
  readonly operation: Operation
  /** The image id in the path, else ''. */
  readonly id: string
  /** The query string as it was sent. */
  readonly query: string
  /** Scheme, host and prefix that links start with. */
  readonly base: string
  readonly viewer: Viewer
}

/** What is sent back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
