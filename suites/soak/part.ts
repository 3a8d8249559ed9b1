import type { ProcessFigures } from './processes.ts'
import type { Tally } from './tally.ts'

/** What came out of one part of a run. */
export interface Part {
  readonly name: string
  readonly tally: Tally
  readonly processes: readonly ProcessFigures[]
  readonly figures: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

/** Says now and then how far it is. */
export type Progress = (what: string) => void
