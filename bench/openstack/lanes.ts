import type { Api } from './pages.ts'

export type LaneName = 'afterimage' | 'afterimage, 1 s memory' | 'nova' | 'glance'

/** One of the servers that are measured side by side. */
export interface Lane {
  readonly name: LaneName
  readonly url: string
  readonly api: Api
  path(query: string): string
}
