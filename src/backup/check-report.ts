/** What a fault is about. */
export type FaultKind =
  | 'database'
  | 'missing-file'
  | 'wrong-size'
  | 'wrong-hash'
  | 'unreadable'
  | 'stray-file'
  | 'manifest'

export interface Fault {
  readonly kind: FaultKind
  /** The file that it is about. */
  readonly path: string
  /** In words, without the path. */
  readonly problem: string
}

/** Of each kind so many are described; all are counted. */
const DESCRIBED_MAX = 1000

/** What a check has found. */
export interface CheckReport {
  readonly images: number
  /** Image files that a row names, and their bytes. */
  readonly files: number
  readonly bytes: number
  /** Files whose bytes were read and compared with their rows' hashes. */
  readonly hashed: number
  /** Images whose rows name data that is not here. */
  readonly withoutFile: number
  /** Images whose data is coming in, or whose upload a crash cut off: the next start puts these right. */
  readonly midway: number
  /** How many there are of each kind. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** The first of each kind. */
  readonly described: readonly Fault[]
}

/** A report that is being written. */
export class Findings {
  images = 0
  files = 0
  bytes = 0
  hashed = 0
  withoutFile = 0
  midway = 0
  readonly #faults: Partial<Record<FaultKind, number>> = {}
  readonly #described: Fault[] = []

  add(kind: FaultKind, path: string, problem: string): void {
    const count = (this.#faults[kind] ?? 0) + 1
    this.#faults[kind] = count
    if (count <= DESCRIBED_MAX) this.#described.push({ kind, path, problem })
  }

  report(): CheckReport {
    const { images, files, bytes, hashed, withoutFile, midway } = this
    const counts = { images, files, bytes, hashed, withoutFile, midway }
    return { ...counts, faults: this.#faults, described: this.#described }
  }
}

export function faultCount({ faults }: CheckReport): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0)
}
