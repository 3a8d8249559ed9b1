import type { CallerDocument } from '../../ledger/document.ts'
import { printTable } from '../table.ts'

const BARS = [...'▁▂▃▄▅▆▇█']
const NO_CALLS = '·'
/** The bars of a row: a day each, today last. */
const DAYS_SHOWN = 14
const DAY_MS = 86_400_000

/** A table, a bar a day. */
export function printCallers(callers: readonly CallerDocument[], nowMs: number): string {
  if (callers.length === 0) return 'nobody has called\n'
  const withNames = callers.some(({ user_name }) => user_name !== undefined)
  const withAddresses = callers.some(({ address }) => address !== undefined)
  const headings = [
    ...['PROJECT', ...(withNames ? ['USER'] : []), 'CLIENT', 'OPERATION', 'FILTERS', 'API'],
    ...[...(withAddresses ? ['ADDRESS'] : []), 'LAST SEEN', 'CALLS', `LAST ${DAYS_SHOWN} DAYS`],
  ]
  const days = lastDays(nowMs)
  const rows = callers.map((caller) => [
    caller.project_id || '-',
    ...(withNames ? [caller.user_name ?? '-'] : []),
    `${caller.client} ${caller.client_version}`.trim() || '-',
    caller.operation,
    caller.filters.join(',') || '-',
    `${caller.prefix} ${caller.microversion}`.trim() || '-',
    ...(withAddresses ? [caller.address ?? '-'] : []),
    caller.last_seen,
    caller.calls,
    sparkline(days.map((day) => caller.days[day] ?? 0)),
  ])
  return printTable(headings, rows)
}

function lastDays(nowMs: number): readonly string[] {
  return Array.from({ length: DAYS_SHOWN }, (_, index) =>
    new Date(nowMs - (DAYS_SHOWN - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )
}

/** The highest is the highest of its row; a day without calls is a dot. */
export function sparkline(counts: readonly number[]): string {
  const most = Math.max(...counts, 1)
  return counts
    .map((count) => (count === 0 ? NO_CALLS : BARS[Math.ceil((count / most) * BARS.length) - 1]))
    .join('')
}

const COLUMNS = [
  'project_id',
  'user_id',
  'user_name',
  'address',
  'client',
  'client_version',
  'operation',
  'filters',
  'prefix',
  'microversion',
  'first_seen',
  'last_seen',
] as const

/** RFC 4180: a line for each row and day. */
export function printCsv(callers: readonly CallerDocument[]): string {
  const lines = callers.flatMap((caller) =>
    Object.entries(caller.days).map(([day, calls]) => [
      ...COLUMNS.map((column) => String(caller[column] ?? '')),
      day,
      String(calls),
    ]),
  )
  return [[...COLUMNS, 'day', 'calls'], ...lines]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('')
}

/** A spreadsheet takes what begins with these for a formula. */
const FORMULA = /^[=+\-@\t\r]/

function csvCell(text: string): string {
  const plain = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
