import type { ImageQuery } from '../../image/query.ts'
import { propertyNeedle } from './image-rows.ts'
import { askedTerms } from './terms.ts'

/**
 * How one page of a list is read. Every plan yields (n, revision, place) of at most `limit` images, in list
 * order, from a place on.
 *
 * `postings`: the index of `postings` does all: an audience and a term make one word there, and the
 * words of a query, joined by AND and OR, are merged in order of place and stop at the limit. For
 * one equality filter each entry visited is an image of the page.
 *
 * `recent`: for few recent updates: those rows, checked by their columns, put in order.
 */
export interface Plan {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** Which part of a list to read: audiences as in audiences.ts, places as in places.ts. */
export interface Page {
  readonly audiences: readonly string[]
  readonly fromPlace: number
  readonly limit: number
}

/** Further filters are checked in the rows that the first ones find. */
const MATCHED_GROUPS_MAX = 32

/** The cast: FTS5 seeks to an integer only, and numbers are bound as reals. */
/** @param updates terms of which each image that is late enough has one, if the index is to find them */
export function postingsPlan(query: ImageQuery, page: Page, updates?: readonly string[]): Plan {
  const checks = []
  const values: (string | number)[] = [
    matchExpression([...(updates ? [updates] : []), ...askedTerms(query)], page.audiences),
    page.fromPlace,
  ]
  if (query.changesSince !== undefined) {
    checks.push('AND i.updated_at >= ?')
    values.push(query.changesSince)
  }
  if ((query.properties?.size ?? 0) > MATCHED_GROUPS_MAX / 2) {
    checks.push(HAS_ALL_PROPERTIES)
    values.push(needles(query))
  }
  const sql = `SELECT i.n, i.revision, i.place FROM postings CROSS JOIN images i ON i.place = postings.rowid
    WHERE postings MATCH ? AND postings.rowid >= CAST(? AS INTEGER) ${checks.join(' ')}
    ORDER BY postings.rowid LIMIT ?`
  return { sql, values: [...values, page.limit] }
}

export function recentPlan(query: ImageQuery, page: Page): Plan {
  const checks = []
  const values: (string | number)[] = []
  const check = (sql: string, value: string | number | undefined) => {
    if (value === undefined) return
    checks.push(sql)
    values.push(value)
  }
  check('i.updated_at >= ?', query.changesSince)
  checks.push('i.place >= ?')
  values.push(page.fromPlace)
  check(
    'EXISTS (SELECT 1 FROM json_each(?) a WHERE instr(i.audiences, a.value))',
    JSON.stringify(page.audiences.map(audienceNeedle)),
  )
  check('i.name = ?', query.name)
  check('i.min_ram_mib = ?', query.minRamMib)
  check('i.min_disk_gib = ?', query.minDiskGib)
  check(
    'i.status IN (SELECT value FROM json_each(?))',
    query.statuses && JSON.stringify(query.statuses),
  )
  if (query.properties !== undefined) {
    checks.push(HAS_ALL_PROPERTIES.slice('AND '.length))
    values.push(needles(query))
  }
  const sql = `SELECT i.n, i.revision, i.place FROM images i INDEXED BY images_by_update
    WHERE ${checks.join(' AND ')} ORDER BY i.place LIMIT ?`
  return { sql, values: [...values, page.limit] }
}

const HAS_ALL_PROPERTIES =
  'AND NOT EXISTS (SELECT 1 FROM json_each(?) p WHERE instr(i.properties, p.value) = 0)'

function needles(query: ImageQuery): string {
  return JSON.stringify([...(query.properties ?? [])].map(([k, v]) => propertyNeedle(k, v)))
}

/** The form of the `audiences` column, in which a plain text search finds one audience. */
export function audiencesText(audiences: readonly string[]): string {
  return audiences.map(audienceNeedle).join('')
}

function audienceNeedle(audience: string): string {
  return ` ${audience} `
}

/**
 * The words under which an image is in `postings`; an audience's own name stands for all its
 * images.
 */
export function postingWords(audiences: readonly string[], terms: readonly string[]): string {
  let words = ''
  for (const audience of audiences) {
    words += ` ${audience}`
    for (const term of terms) words += ` ${audience}${term}`
  }
  return words
}

/** @param asked groups of terms: one of each group */
export function matchExpression(
  asked: readonly (readonly string[])[],
  audiences: readonly string[],
): string {
  const groups = asked.slice(0, MATCHED_GROUPS_MAX)
  const ofAudience = (audience: string) => {
    if (groups.length === 0) return audience
    const alternatives = groups.map((terms) => terms.map((t) => `${audience}${t}`).join(' OR '))
    return `(${alternatives.join(') AND (')})`
  }
  return audiences.map((audience) => `(${ofAudience(audience)})`).join(' OR ')
}
