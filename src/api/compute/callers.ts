import type { FastifyRequest } from 'fastify'
import type { CallerRow } from '../../ledger/caller-row.ts'
import { callerDocument } from '../../ledger/document.ts'
import { dayOf, type LedgerQuery } from '../../ledger/ledger-file.ts'
import { type Authentication, authenticate } from '../request/authenticate.ts'
import { formEncodeAll } from '../request/form-encode.ts'
import { readParameters } from '../request/parameters.ts'
import { said } from '../request/said.ts'
import { ComputeFault } from './faults.ts'

/** Who still makes these calls, for administrators. */
export const CALLERS_PATH = '/afterimage/callers'

/** Rows in a page: each costs a look-up in the file; a link leads to the next page. */
const LIMIT_MAX = 500

export interface CallersDependencies extends Authentication {
  /** undefined: calls are not counted. */
  readonly ledger?: { read(query: LedgerQuery): readonly CallerRow[] }
}

/**
 * @returns the body, or undefined if the caller must sign in @throws ComputeFault,
 * IdentityUnavailable, CallerThrottled
 */
export async function answerCallers(
  request: FastifyRequest,
  query: string,
  base: string,
  gate: CallersDependencies,
): Promise<string | undefined> {
  const { ledger } = gate
  const caller = await authenticate(request, gate)
  if (caller === undefined) return undefined
  if (ledger === undefined) {
    throw new ComputeFault('route.not_found', 'The resource could not be found.')
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new ComputeFault(
      'route.method',
      said`The method ${request.method} is not allowed here.`,
      {
        allow: 'GET, HEAD, OPTIONS',
      },
    )
  }
  if (!caller.isAdmin) {
    throw new ComputeFault('role.not_admin', 'Only an administrator may see who calls.')
  }
  const asked = readQuery(query)
  const own = caller.isProjectAdmin === true ? { projectId: caller.projectId ?? '' } : {}
  if (own.projectId !== undefined && (asked.projectId ?? own.projectId) !== own.projectId) {
    return '{"callers":[]}' // as for an unknown project
  }
  const { limit } = asked
  const rows = ledger.read({ ...asked, ...own, limit: limit + 1 })
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next =
    rows.length > limit && last !== undefined
      ? {
          callers_links: [
            { rel: 'next', href: `${base}${CALLERS_PATH}?${nextQuery(query, last)}` },
          ],
        }
      : {}
  return JSON.stringify({ callers: shown.map(callerDocument), ...next })
}

function readQuery(query: string): LedgerQuery & { readonly limit: number } {
  const parameters = readParameters(query)
  if (parameters === undefined) throw invalid('the query string is not valid UTF-8')
  const asked = { limit: LIMIT_MAX } as { -readonly [K in keyof LedgerQuery]: LedgerQuery[K] } & {
    limit: number
  }
  for (const [name, value] of parameters) {
    if (name === 'project_id') asked.projectId = value
    else if (name === 'client') asked.client = value
    else if (name === 'since') asked.sinceDay = readDay(value)
    else if (name === 'marker') asked.marker = readCount(name, value)
    else if (name === 'limit')
      asked.limit = Math.min(readCount(name, value) || LIMIT_MAX, LIMIT_MAX)
  }
  return asked
}

function readDay(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(?:T.*)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw invalid('since must be a date such as 2026-11-26')
  return dayOf(ms / 1000)
}

function readCount(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`${name} must be a whole number`)
  return Number(text)
}

function invalid(what: string): ComputeFault {
  return new ComputeFault('query.invalid', `Invalid input received: ${what}`)
}

function nextQuery(query: string, { id }: CallerRow): string {
  const parameters = readParameters(query) ?? new Map<string, string>()
  return formEncodeAll(parameters.set('marker', String(id)))
}
