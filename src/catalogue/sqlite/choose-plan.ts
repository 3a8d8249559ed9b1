import type { Database } from '../../database/database.ts'
import type { ImageQuery } from '../../image/query.ts'
import { termsOfUpdates } from './range-terms.ts'
import { type Page, type Plan, postingsPlan, recentPlan } from './search.ts'
import { askedTerms } from './terms.ts'

export interface PlanLimits {
  /** Up to this many recent updates are read without comparing plans. */
  readonly recentImagesMax: number
  /** Entries of the viewer's list that are first searched for a page of recent updates. */
  readonly probedEntries: number
}

export const PLAN_LIMITS: PlanLimits = { recentImagesMax: 500, probedEntries: 500 }

const RECENT = 'SELECT 1 FROM images WHERE updated_at >= ? LIMIT ?'

/**
 * The plan for a page: by `postings`. When recent updates are asked for, these are gone through by
 * themselves if they are few; the rows of the list are checked if its first entries hold enough of
 * them; else the index finds them, by terms that take a while to look up.
 */
export function choosePlan(
  database: Database,
  query: ImageQuery,
  page: Page,
  limits: PlanLimits,
): Plan {
  const { changesSince } = query
  const byPostings = postingsPlan(query, page)
  if (changesSince === undefined) return byPostings
  if (
    count(database, RECENT, [changesSince, limits.recentImagesMax + 1]) <= limits.recentImagesMax
  ) {
    return recentPlan(query, page)
  }
  if (fillsPage(database, query, page, limits.probedEntries)) return byPostings
  const range = { from: changesSince, to: Number.POSITIVE_INFINITY }
  return postingsPlan(query, page, termsOfUpdates(database, range))
}

/**
 * Whether the first entries of the list hold a page of recent updates, or no more follow. To find them
 * must be no work: what several filters have in common may be at the list's end, or nowhere.
 */
function fillsPage(database: Database, query: ImageQuery, page: Page, entries: number): boolean {
  const { changesSince = 0, ...rest } = query
  if (askedTerms(rest).length > 1) return false
  const { sql, values } = postingsPlan(rest, { ...page, limit: entries })
  const counted = `SELECT count(*) AS rows, total(i.updated_at >= asked.since) AS recent
    FROM (${sql}) JOIN images i USING (n) CROSS JOIN (SELECT ? AS since) asked`
  const { rows, recent } = database.prepare(counted).get(...values, changesSince) as {
    rows: number
    recent: number
  }
  return recent >= page.limit || rows < entries
}

function count(database: Database, rows: string, values: Plan['values']): number {
  const row = database.prepare(`SELECT count(*) AS rows FROM (${rows})`).get(...values)
  return Number(row?.['rows'])
}
