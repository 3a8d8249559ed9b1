import type { Database } from '../../database/database.ts'
import type { ImageQuery } from '../../image/query.ts'
import { type Page, type Plan, postingsPlan, recentPlan } from './search.ts'

export interface PlanLimits {
  /** Up to this many recent updates are gone through without looking further. */
  readonly recentImagesMax: number
  /** Entries of the viewer's list that are looked at to see how many of them are recent updates. */
  readonly probedEntries: number
}

export const PLAN_LIMITS: PlanLimits = { recentImagesMax: 2000, probedEntries: 5000 }

const RECENT = 'SELECT 1 FROM images WHERE updated_at >= ? LIMIT ?'

/**
 * The plan for a page: by `postings`, unless recent updates are asked for and going through all of
 * those is less work than going through the list until enough of them are found.
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
  const isRecentAtMost = (images: number) =>
    count(database, RECENT, [changesSince, images + 1]) <= images
  if (isRecentAtMost(limits.recentImagesMax)) return recentPlan(query, page)
  const found = probe(database, query, page, limits.probedEntries)
  if (found === 'enough') return byPostings
  const expectedEntries = Math.ceil((limits.probedEntries * page.limit) / Math.max(found, 0.5))
  return isRecentAtMost(expectedEntries) ? recentPlan(query, page) : byPostings
}

/** How many images of the page the first entries hold; 'enough' if all of it, or no more follow. */
function probe(
  database: Database,
  query: ImageQuery,
  page: Page,
  entries: number,
): number | 'enough' {
  const { changesSince = 0, ...rest } = query
  const { sql, values } = postingsPlan(rest, { ...page, limit: entries })
  const recent = `SELECT 1 FROM (${sql}) JOIN images i USING (n) WHERE i.updated_at >= ? LIMIT ?`
  const found = count(database, recent, [...values, changesSince, page.limit])
  if (found >= page.limit) return 'enough'
  return count(database, sql, values) < entries ? 'enough' : found
}

function count(database: Database, rows: string, values: Plan['values']): number {
  const row = database.prepare(`SELECT count(*) AS rows FROM (${rows})`).get(...values)
  return Number(row?.['rows'])
}
