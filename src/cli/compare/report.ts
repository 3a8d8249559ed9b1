import { printable } from '../terminal.ts'
import type { Problem } from './problems.ts'
import type { Difference } from './run-requests.ts'

const PROBLEMS_SHOWN_MAX = 5
const VALUE_CHARACTERS_MAX = 160

/** Prints piece by piece: in a large cloud an answer has megabytes, so none is kept. */
export interface Report {
  readonly head: string
  next(difference: Difference): string
  tail(): string
}

/** The differences one by one, then how often each thing differs. */
export function textReport(): Report {
  const counts = new Map<string, number>()
  return {
    head: '',
    next(difference) {
      for (const place of placesOf(difference)) counts.set(place, (counts.get(place) ?? 0) + 1)
      return printDifference(difference)
    },
    tail: () => printCounts(counts),
  }
}

/** One document, with the answers. */
export function jsonReport(about: {
  readonly a: string
  readonly b: string
  readonly requests: number
}): Report {
  let separator = ''
  return {
    head: `${JSON.stringify(about).slice(0, -1)},"differences":[`,
    next(difference) {
      const text = `${separator}\n${JSON.stringify(withoutToken(difference), null, 2)}`
      separator = ','
      return text
    },
    tail: () => '\n]}\n',
  }
}

function printDifference({ request, problems }: Difference): string {
  const lines = problems.slice(0, PROBLEMS_SHOWN_MAX).map(printProblem)
  const left = problems.length - lines.length
  if (left > 0) lines.push(`    and ${left} more`)
  return `${printable(`${request.method} ${request.path}`)}\n${lines.join('\n')}\n`
}

function printProblem({ where, a, b }: Problem): string {
  return `    ${printable(where)}: A ${brief(a)}, B ${brief(b)}`
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value) && value.length > 1) return `${value.length} items`
  const text = printable(JSON.stringify(value))
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}...` : text
}

/** Most differences are one difference many times over. */
function placesOf({ problems }: Difference): ReadonlySet<string> {
  return new Set(problems.map(({ where }) => where.replace(/\.\d+(?=\.|$)/g, '.*')))
}

function printCounts(counts: ReadonlyMap<string, number>): string {
  const rows = [...counts].sort(([, a], [, b]) => b - a)
  if (rows.length === 0) return ''
  const lines = rows.map(([place, count]) => `${String(count).padStart(6)}  ${printable(place)}`)
  return `\nrequests, by what differs:\n${lines.join('\n')}\n`
}

/** The caller's token must not get into a report that is passed on. */
function withoutToken(difference: Difference): object {
  const { name, group, method, path, headers } = difference.request
  const shown = Object.entries(headers).map(([key, value]) => [
    key,
    key.toLowerCase() === 'x-auth-token' && value !== '{token}' ? '{another token}' : value,
  ])
  return {
    request: { name, group, method, path, headers: Object.fromEntries(shown) },
    a: difference.a,
    b: difference.b,
    problems: difference.problems,
  }
}
