import type { Viewer } from '../../image/visibility.ts'

/** A request for a list, admitted. */
export interface Call {
  /** The query string as it was sent. */
  readonly query: string
  readonly viewer: Viewer
}

/** What is sent back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
