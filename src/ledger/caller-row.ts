/** Who makes calls about images, and how often: what the ledger keeps. */

/** What tells one row from another. */
export interface CallerKey {
  /** '' for a token without a project. */
  readonly projectId: string
  readonly userId: string
  /** A client family (src/callers/). */
  readonly client: string
  /** '' when the client says none. */
  readonly clientVersion: string
  readonly operation: string
  /** Names of the filters used, sorted; free properties are one, `property`. */
  readonly filters: readonly string[]
  readonly prefix: string
  /** '' under /v2, which has none. */
  readonly microversion: string
}

export interface CallerRow extends CallerKey {
  readonly id: number
  /** Unix seconds. */
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  /** Only where the operator asked for it (`ledger.withUsers`). */
  readonly userName: string | undefined
  /** The last one; only where the operator asked for it (`ledger.withAddresses`). */
  readonly address: string | undefined
  /** Calls a day, the days as `2026-11-26` (UTC), in order. */
  readonly days: ReadonlyMap<string, number>
}

/** The operation of the row that stands for all those merged into it. */
export const MERGED = 'other'

export const DAY_SECONDS = 86_400

/** @param day days since 1970-01-01 */
export function printDay(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10)
}

export function callsOf({ days }: Pick<CallerRow, 'days'>): number {
  return days.values().reduce((sum, calls) => sum + calls, 0)
}
