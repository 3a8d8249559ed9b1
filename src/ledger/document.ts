import { type CallerRow, callsOf } from './caller-row.ts'

/** A row of the ledger as JSON, over HTTP and on the command line. */
export interface CallerDocument {
  readonly id: number
  readonly project_id: string
  readonly user_id: string
  readonly user_name?: string
  readonly address?: string
  readonly client: string
  readonly client_version: string
  readonly operation: string
  readonly filters: readonly string[]
  readonly prefix: string
  readonly microversion: string
  /** ISO 8601, UTC. */
  readonly first_seen: string
  readonly last_seen: string
  /** In the days shown. */
  readonly calls: number
  /** By `2026-11-26`. */
  readonly days: Readonly<Record<string, number>>
}

export function callerDocument(row: CallerRow): CallerDocument {
  const { userName, address } = row
  return {
    id: row.id,
    project_id: row.projectId,
    user_id: row.userId,
    ...(userName === undefined ? {} : { user_name: userName }),
    ...(address === undefined ? {} : { address }),
    client: row.client,
    client_version: row.clientVersion,
    operation: row.operation,
    filters: row.filters,
    prefix: row.prefix,
    microversion: row.microversion,
    first_seen: printTime(row.firstSeenAt),
    last_seen: printTime(row.lastSeenAt),
    calls: callsOf(row),
    days: Object.fromEntries(row.days),
  }
}

function printTime(atSeconds: number): string {
  return `${new Date(atSeconds * 1000).toISOString().slice(0, 19)}Z`
}
