import { printable } from '../terminal.ts'
import type { Problem } from './problems.ts'
import type { Difference } from './run-requests.ts'

const PROBLEMS_SHOWN_MAX = 5
const VALUE_CHARACTERS_MAX = 160

/** The differences one by one, then how often each thing differs. */
export function printDifferences(differences: readonly Difference[]): string {
  return `${differences.map(printDifference).join('')}${printPlaces(differences)}`
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
function printPlaces(differences: readonly Difference[]): string {
  const counts = new Map<string, number>()
  for (const { problems } of differences) {
    const places = new Set(problems.map(({ where }) => where.replace(/\.\d+(?=\.|$)/g, '.*')))
    for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const rows = [...counts].sort(([, a], [, b]) => b - a)
  if (rows.length === 0) return ''
  const lines = rows.map(([place, count]) => `${String(count).padStart(6)}  ${printable(place)}`)
  return `\nrequests, by what differs:\n${lines.join('\n')}\n`
}

/** The caller's token must not get into a report that is passed on. */
export function withoutToken(difference: Difference): object {
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
