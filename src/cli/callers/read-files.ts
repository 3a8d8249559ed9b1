import { type CallerDocument, callerDocument } from '../../ledger/document.ts'
import { dayOf } from '../../ledger/ledger-file.ts'

/** What is asked of ledgers, in files and over HTTP. */
export interface CallersQuery {
  /** `2026-11-26`: calls of this day (UTC) and later. */
  readonly since?: string
  readonly projectId?: string
  readonly client?: string
}

/** The rows of several ledgers, one after the other. @throws LedgerRefused */
export async function readFiles(
  files: readonly string[],
  { since, ...query }: CallersQuery,
): Promise<readonly CallerDocument[]> {
  const { LedgerFile } = await import('../../ledger/ledger-file.ts')
  const sinceDay = since === undefined ? {} : { sinceDay: dayOf(Date.parse(since) / 1000) }
  return files.flatMap((path) => {
    using file = new LedgerFile(path)
    return file.read({ ...query, ...sinceDay }).map(callerDocument)
  })
}

/** Adds up rows that say the same of whom; the busiest first. */
export function mergeCallers(documents: readonly CallerDocument[]): readonly CallerDocument[] {
  const merged = new Map<string, CallerDocument>()
  for (const document of documents) {
    const key = keyOf(document)
    const before = merged.get(key)
    merged.set(key, before === undefined ? document : add(before, document))
  }
  return [...merged.values()]
    .sort((a, b) => b.calls - a.calls)
    .map((document, index) => ({ ...document, id: index + 1 }))
}

function keyOf(document: CallerDocument): string {
  const { project_id, user_id, client, client_version, operation, filters, prefix, microversion } =
    document
  return JSON.stringify([
    ...[project_id, user_id, client, client_version, operation, prefix, microversion],
    ...filters,
  ])
}

function add(a: CallerDocument, b: CallerDocument): CallerDocument {
  const days = { ...a.days }
  for (const [day, calls] of Object.entries(b.days)) days[day] = (days[day] ?? 0) + calls
  return {
    ...a,
    ...b,
    first_seen: a.first_seen < b.first_seen ? a.first_seen : b.first_seen,
    last_seen: a.last_seen > b.last_seen ? a.last_seen : b.last_seen,
    calls: a.calls + b.calls,
    days: Object.fromEntries(Object.entries(days).sort(([x], [y]) => (x < y ? -1 : 1))),
  }
}
