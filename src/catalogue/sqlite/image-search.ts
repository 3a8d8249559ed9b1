import type { Database } from '../../database/database.ts'
import type { ImageSearch, TimeBound } from '../../image/search.ts'
import type { Viewer } from '../../image/visibility.ts'
import { placesOfSecond } from './places.ts'
import { matchExpression } from './search.ts'
import {
  type Condition,
  filterChecks,
  type SqlValue,
  VISIBILITY_CHECKS,
  visibilityChecks,
} from './search-checks.ts'
import {
  inOneGo,
  type Marker,
  type OrderTerm,
  orderBy,
  orderTerms,
  segmentsAfter,
} from './search-order.ts'
import { searchedTerms } from './terms.ts'

/**
 * How a search is read. Each statement yields (n, revision) in the search's order; the page is what
 * they yield one after another, up to its limit. Where the images come from:
 *
 * `postings`: the inverted index, for what an audience sees: in its own order, which is that of
 * places, or, when few of those hold what its terms ask for, all of these, sorted.
 * `recent`: few recent updates, sorted.
 * `rows`: all rows, along an index of the order where there is one.
 */
export interface SearchPlan {
  readonly source: 'postings' | 'recent' | 'rows'
  /** Each takes how many to read at most as its last value. */
  readonly statements: readonly Statement[]
}

interface Statement {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

/** Up to this many candidates are sorted without comparing plans. */
export const FEW_IMAGES = 2000

const FROM_POSTINGS = `SELECT i.n, i.revision
  FROM postings CROSS JOIN images i ON i.place = postings.rowid`
const FROM_RECENT = 'SELECT i.n, i.revision FROM images i INDEXED BY images_by_update'
const FROM_ROWS = 'SELECT i.n, i.revision FROM images i'

/** Columns that an index leads with, each followed by `place`. */
const INDEXED: ReadonlySet<string> = new Set(['place', 'id', 'name', 'updated_at'])

export interface Asked {
  readonly viewer: Viewer
  /** As `storableSearch` leaves it. */
  readonly search: ImageSearch
  /** See `Audiences.ofSearch`. */
  readonly audiences: readonly string[] | undefined
  readonly marker: Marker | undefined
}

export function planSearch(database: Database, asked: Asked, fewImages: number): SearchPlan {
  const { search, audiences } = asked
  const terms = orderTerms(search.sort)
  const isByPlace = terms.length === 1 && terms[0]?.column === 'place'
  const isFew = (sql: string, values: readonly SqlValue[]) =>
    count(database, sql, [...values, fewImages + 1]) <= fewImages

  const since = updatedSince(search)
  if (since !== undefined && isFew(RECENT, [since])) {
    return { source: 'recent', statements: [recentStatement(asked, terms)] }
  }
  if (audiences !== undefined) {
    if (audiences.length === 0) return { source: 'postings', statements: [] }
    const groups = searchedTerms(search)
    const match = matchExpression(groups, audiences)
    if (isByPlace || isFew(MATCHED, [match])) {
      return {
        source: 'postings',
        statements: postingsStatements(match, asked, terms, isByPlace),
      }
    }
  }
  return { source: 'rows', statements: rowStatements(asked, terms) }
}

const RECENT = 'SELECT 1 FROM images WHERE updated_at >= ? LIMIT ?'
const MATCHED = 'SELECT 1 FROM postings WHERE postings MATCH ? LIMIT ?'

function count(database: Database, rows: string, values: readonly SqlValue[]): number {
  const row = database.prepare(`SELECT count(*) AS rows FROM (${rows})`).get(...values)
  return Number(row?.['rows'])
}

/** The earliest update that can match, if that is asked for. */
function updatedSince(search: ImageSearch): number | undefined {
  const from = (search.times ?? [])
    .filter((bound) => bound.field === 'updatedAt' && isFrom(bound))
    .map(({ seconds }) => seconds)
  return from.length === 0 ? undefined : Math.max(...from)
}

function isFrom({ operator }: TimeBound): boolean {
  return operator === 'gte' || operator === 'gt' || operator === 'eq'
}

function isUpTo({ operator }: TimeBound): boolean {
  return operator === 'lte' || operator === 'lt' || operator === 'eq'
}

function recentStatement(asked: Asked, terms: readonly OrderTerm[]): Statement {
  const { viewer, search, marker } = asked
  const checks = [
    filterChecks(search, 'updated_at'),
    visibilityChecks(viewer, search),
    inOneGo(segmentsAfter(terms, marker)),
  ]
  return statement(FROM_RECENT, checks, orderBy(terms))
}

function rowStatements(asked: Asked, terms: readonly OrderTerm[]): readonly Statement[] {
  const { viewer, search, marker } = asked
  const walked = terms[0]?.column ?? ''
  const checks = [filterChecks(search, walked), visibilityChecks(viewer, search)]
  if (walked === 'place') checks.push(placesOfTimes(search, 'i.place'))
  const segments = segmentsAfter(terms, marker)
  const parts = INDEXED.has(walked) ? segments : [inOneGo(segments)]
  return parts.map((part) => statement(FROM_ROWS, [...checks, part], orderBy(terms)))
}

function postingsStatements(
  match: string,
  { search, marker }: Asked,
  terms: readonly OrderTerm[],
  isByPlace: boolean,
): readonly Statement[] {
  const { visibility } = search
  const checks: Condition[] = [
    { sql: ['postings MATCH ?'], values: [match] },
    filterChecks(search, ''),
  ]
  if (visibility !== undefined && visibility !== 'all') {
    checks.push({ sql: [VISIBILITY_CHECKS[visibility]], values: [] })
  }
  if (!isByPlace) {
    checks.push(inOneGo(segmentsAfter(terms, marker)))
    return [statement(FROM_POSTINGS, checks, orderBy(terms))]
  }
  const isDescending = terms[0]?.isDescending === true
  checks.push(placesOfTimes(search, 'postings.rowid'))
  if (marker !== undefined) {
    const beyond = `postings.rowid ${isDescending ? '<' : '>'} CAST(? AS INTEGER)`
    checks.push({ sql: [beyond], values: [marker.place] })
  }
  return [statement(FROM_POSTINGS, checks, `postings.rowid${isDescending ? ' DESC' : ''}`)]
}

/** The places of images with the requested creation times, so that no others are read. */
function placesOfTimes(search: ImageSearch, column: string): Condition {
  const sql: string[] = []
  const values: SqlValue[] = []
  for (const bound of search.times ?? []) {
    if (bound.field !== 'createdAt') continue
    const { first, last } = placesOfSecond(bound.seconds)
    // Later images stand first. The cast: FTS5 seeks to an integer only.
    if (isFrom(bound)) {
      sql.push(`${column} <= CAST(? AS INTEGER)`)
      values.push(last)
    }
    if (isUpTo(bound)) {
      sql.push(`${column} >= CAST(? AS INTEGER)`)
      values.push(first)
    }
  }
  return { sql, values }
}

function statement(from: string, conditions: readonly Condition[], order: string): Statement {
  const sql = conditions.flatMap((condition) => condition.sql).join('\n  AND ')
  return {
    sql: `${from}\n  WHERE ${sql}\n  ORDER BY ${order} LIMIT ?`,
    values: conditions.flatMap(({ values }) => values),
  }
}
