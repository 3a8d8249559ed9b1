import type { Reads } from '../../database/readers.ts'
import type { ImageSearch, TimeBound } from '../../image/search.ts'
import type { Viewer } from '../../image/visibility.ts'
import { placesOfSecond } from './places.ts'
import { type Range, termsOfSizes, termsOfUpdates } from './range-terms.ts'
import { matchExpression } from './search.ts'
import {
  type Condition,
  filterChecks,
  idCheck,
  VISIBILITY_CHECKS,
  visibilityChecks,
} from './search-checks.ts'
import {
  inOneGo,
  isIndexOrder,
  type Marker,
  type OrderTerm,
  orderTerms,
  segmentsAfter,
} from './search-order.ts'
import {
  bestOf,
  FROM_POSTINGS,
  FROM_ROWS,
  FROM_UPDATES,
  type SearchStatement,
  sorted,
  walk,
} from './search-statements.ts'
import { searchedTerms } from './terms.ts'

/**
 * How a search is read. The page is what the statements find one after another, up to its limit
 * (found-images.ts). Where the images come from:
 *
 * `postings`: the inverted index, for what an audience sees: in its own order, which is that of
 * places, or, when few of those hold what its terms ask for, all of these, sorted.
 * `few`: few images by id, or few recent updates, hidden or shared images, sorted.
 * `rows`: all rows, along an index of the order; or, where none has it, in any order.
 */
export interface SearchPlan {
  readonly source: 'postings' | 'few' | 'rows'
  readonly statements: readonly SearchStatement[]
}

/** Up to this many candidates are sorted without comparing plans. */
export const FEW_IMAGES = 2000

export interface Asked {
  readonly viewer: Viewer
  /** As `storableSearch` leaves it. */
  readonly search: ImageSearch
  /** See `Audiences.ofSearch`. */
  readonly audiences: readonly string[] | undefined
  readonly marker: Marker | undefined
}

export function planSearch(reads: Reads, asked: Asked, fewImages: number): SearchPlan {
  const { search, audiences } = asked
  const terms = orderTerms(search.sort)
  const isByPlace = terms.length === 1 && terms[0]?.column === 'place'
  const isFew = (sql: string, values: Condition['values']) =>
    count(reads, sql, [...values, fewImages + 1]) <= fewImages

  const few = fewRows(asked, isFew)
  if (few !== undefined) {
    const conditions = [few.candidates, ...rowChecks(asked), after(asked, terms)]
    return { source: 'few', statements: [sorted(few.from, conditions, terms)] }
  }
  if (audiences !== undefined) {
    if (audiences.length === 0) return { source: 'postings', statements: [] }
    const groups = searchGroups(reads, search)
    if (groups === undefined) return { source: 'postings', statements: [] }
    const match = matchExpression(groups, audiences)
    if (isByPlace || isFew(MATCHED, [match])) {
      return { source: 'postings', statements: [postingsStatement(match, asked, terms, isByPlace)] }
    }
  }
  return { source: 'rows', statements: rowStatements(asked, terms) }
}

const UPDATED_SINCE = 'SELECT 1 FROM images WHERE updated_at >= ? LIMIT ?'
const MATCHED = 'SELECT 1 FROM postings WHERE postings MATCH ? LIMIT ?'

function count(reads: Reads, rows: string, values: Condition['values']): number {
  const row = reads.prepare(`SELECT count(*) AS rows FROM (${rows})`).get(...values)
  return Number(row?.['rows'])
}

interface FewRows {
  readonly from: string
  readonly candidates: Condition
}

/** Rows among which are all that the search can find, if an index of rows says that they are few. */
function fewRows(
  { search }: Asked,
  isFew: (sql: string, values: Condition['values']) => boolean,
): FewRows | undefined {
  if (search.ids !== undefined) return { from: FROM_ROWS, candidates: idCheck(search) }
  const { from } = updateRange(search)
  if (from > Number.NEGATIVE_INFINITY && isFew(UPDATED_SINCE, [from])) {
    return { from: FROM_UPDATES, candidates: { sql: ['i.updated_at >= ?'], values: [from] } }
  }
  const candidates = indexedRows(search)
  if (candidates.sql.length === 0) return undefined
  const rows = `SELECT 1 FROM ${FROM_ROWS} WHERE ${candidates.sql.join()} LIMIT ?`
  return isFew(rows, []) ? { from: FROM_ROWS, candidates } : undefined
}

/** What an index of such rows alone can be read for: literals, so that it fits. */
function indexedRows({ isHidden, visibility }: ImageSearch): Condition {
  if (isHidden) return { sql: ['i.is_hidden = 1'], values: [] }
  if (visibility === 'shared') return { sql: [VISIBILITY_CHECKS.shared], values: [] }
  return { sql: [], values: [] }
}

/** When the images were updated that can match; infinite where that is not asked for. */
function updateRange(search: ImageSearch): Range {
  const bounds = (search.times ?? []).filter(({ field }) => field === 'updatedAt')
  return {
    from: Math.max(...bounds.filter(isFrom).map(({ seconds }) => seconds)),
    to: Math.min(...bounds.filter(isUpTo).map(({ seconds }) => seconds)),
  }
}

function isFrom({ operator }: TimeBound): boolean {
  return operator === 'gte' || operator === 'gt' || operator === 'eq'
}

function isUpTo({ operator }: TimeBound): boolean {
  return operator === 'lte' || operator === 'lt' || operator === 'eq'
}

/** How large the images are that can match; infinite where that is not asked for. */
function sizeRange(search: ImageSearch): Range {
  const bounds = (search.numbers ?? []).filter(({ field }) => field === 'sizeBytes')
  const valuesOf = (not: 'lte' | 'gte') =>
    bounds.flatMap(({ operator, value }) => (operator === not ? [] : [value]))
  return { from: Math.max(...valuesOf('lte')), to: Math.min(...valuesOf('gte')) }
}

/** What the inverted index is asked for: all groups, of each any term; undefined if none match. */
function searchGroups(
  reads: Reads,
  search: ImageSearch,
): readonly (readonly string[])[] | undefined {
  const [updates, sizes] = [updateRange(search), sizeRange(search)]
  if (Number.isNaN(sizes.from) || Number.isNaN(sizes.to)) return undefined
  const groups = [...searchedTerms(search)]
  if (isAsked(sizes)) groups.unshift(termsOfSizes(sizes))
  if (isAsked(updates)) groups.unshift(termsOfUpdates(reads, updates))
  return groups.some((terms) => terms.length === 0) ? undefined : groups
}

function isAsked({ from, to }: Range): boolean {
  return from > Number.NEGATIVE_INFINITY || to < Number.POSITIVE_INFINITY
}

function rowChecks({ viewer, search }: Asked): readonly Condition[] {
  return [filterChecks(search, '').others, visibilityChecks(viewer, search)]
}

function after({ marker }: Asked, terms: readonly OrderTerm[]): Condition {
  return inOneGo(segmentsAfter(terms, marker))
}

function rowStatements(asked: Asked, terms: readonly OrderTerm[]): readonly SearchStatement[] {
  const { viewer, search, marker } = asked
  if (!isIndexOrder(terms)) return [bestOf([...rowChecks(asked), after(asked, terms)], terms)]
  const walked = terms[0]?.column ?? ''
  const { onColumn, others } = filterChecks(search, walked)
  const bounds = [onColumn]
  if (walked === 'place') bounds.push(placesOfTimes(search, 'i.place'), indexedRows(search))
  const checks = [others, visibilityChecks(viewer, search)]
  return segmentsAfter(terms, marker).map((segment) =>
    walk(FROM_ROWS, [...bounds, segment], checks, terms),
  )
}

function postingsStatement(
  match: string,
  asked: Asked,
  terms: readonly OrderTerm[],
  isByPlace: boolean,
): SearchStatement {
  const { search, marker } = asked
  const { visibility } = search
  const bounds: Condition[] = [{ sql: ['postings MATCH ?'], values: [match] }]
  const checks = [filterChecks(search, '').others]
  if (visibility !== undefined && visibility !== 'all') {
    checks.push({ sql: [VISIBILITY_CHECKS[visibility]], values: [] })
  }
  if (!isByPlace) {
    return sorted(FROM_POSTINGS, [...bounds, ...checks, after(asked, terms)], terms)
  }
  bounds.push(placesOfTimes(search, 'postings.rowid'))
  const isDescending = terms[0]?.isDescending === true
  if (marker !== undefined) {
    const beyond = `postings.rowid ${isDescending ? '<' : '>'} CAST(? AS INTEGER)`
    bounds.push({ sql: [beyond], values: [marker.place] })
  }
  return walk(FROM_POSTINGS, bounds, checks, [{ column: 'place', isDescending }])
}

/** The places of images with the requested creation times, so that no others are read. */
function placesOfTimes(search: ImageSearch, column: string): Condition {
  const sql: string[] = []
  const values: number[] = []
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
