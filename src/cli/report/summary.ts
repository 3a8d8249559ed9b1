import { MERGED } from '../../ledger/caller-row.ts'
import type { CallerDocument } from '../../ledger/document.ts'

/** What the report says, worked out from the rows of the ledger. */
export interface Summary {
  /** Every day from the first to the last, `2026-11-26`, with its calls. */
  readonly days: readonly { readonly day: string; readonly calls: number }[]
  readonly calls: number
  readonly byProject: readonly Share[]
  readonly byClient: readonly Share[]
  readonly byFilter: readonly Share[]
  /** Projects that called before the last days, and not in them. */
  readonly stopped: readonly Share[]
  /** Projects that called in the last days for the first time. */
  readonly began: readonly Share[]
  readonly callers: readonly CallerDocument[]
}

export interface Share {
  readonly name: string
  readonly calls: number
  readonly lastSeen: string
}

/** The number of days by which stopping and beginning are judged. */
export const RECENT_DAYS = 7
const DAY_MS = 86_400_000

export function summarise(callers: readonly CallerDocument[], nowMs: number): Summary {
  const known = callers.filter(({ operation }) => operation !== MERGED)
  const recentSince = dayAt(nowMs - (RECENT_DAYS - 1) * DAY_MS)
  const projects = groupBy(known, (row) => [projectOf(row)])
  const rowsOf = ({ name }: Share) => known.filter((row) => projectOf(row) === name)
  const isRecent = (project: Share) => rowsOf(project).some((row) => lastDay(row) >= recentSince)
  const isNew = (project: Share) =>
    rowsOf(project).every(({ first_seen }) => first_seen >= recentSince)
  return {
    days: everyDay(callers, nowMs),
    calls: callers.reduce((sum, { calls }) => sum + calls, 0),
    byProject: projects,
    byClient: groupBy(known, (row) => [`${row.client} ${row.client_version}`.trim()]),
    byFilter: groupBy(known, (row) => (row.filters.length === 0 ? ['(none)'] : row.filters)),
    stopped: projects.filter((project) => !isRecent(project)),
    began: projects.filter((project) => isRecent(project) && isNew(project)),
    callers: known,
  }
}

function projectOf({ project_id }: CallerDocument): string {
  return project_id || '(no project)'
}

function groupBy(
  callers: readonly CallerDocument[],
  namesOf: (caller: CallerDocument) => readonly string[],
): readonly Share[] {
  const shares = new Map<string, Share>()
  for (const caller of callers) {
    for (const name of namesOf(caller)) {
      const before = shares.get(name) ?? { name, calls: 0, lastSeen: '' }
      const lastSeen = before.lastSeen > caller.last_seen ? before.lastSeen : caller.last_seen
      shares.set(name, { name, calls: before.calls + caller.calls, lastSeen })
    }
  }
  return [...shares.values()].sort((a, b) => b.calls - a.calls)
}

function everyDay(callers: readonly CallerDocument[], nowMs: number): Summary['days'] {
  const counts = new Map<string, number>()
  for (const { days } of callers) {
    for (const [day, calls] of Object.entries(days)) {
      counts.set(day, (counts.get(day) ?? 0) + calls)
    }
  }
  const first = [...counts.keys()].sort()[0]
  if (first === undefined) return []
  const days: { day: string; calls: number }[] = []
  for (let ms = Date.parse(first); dayAt(ms) <= dayAt(nowMs); ms += DAY_MS) {
    days.push({ day: dayAt(ms), calls: counts.get(dayAt(ms)) ?? 0 })
  }
  return days
}

function lastDay({ days }: CallerDocument): string {
  return Object.keys(days).sort().at(-1) ?? ''
}

function dayAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
