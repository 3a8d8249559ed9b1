import type { Condition } from './search-checks.ts'
import { type OrderTerm, orderBy } from './search-order.ts'

/**
 * `in order`: yields (n, revision, isFound) in the search's order. Of what is not found it yields some
 * nevertheless, so that a read which finds nothing for long can stop there for a while.
 * `best of`: looks at a range of numbers, and yields (n, revision) of the first in the search's order
 * among those and the best before. Its values come after those, and before the limit.
 */
export interface SearchStatement {
  readonly reads: 'in order' | 'best of'
  readonly sql: string
  readonly values: Condition['values']
}

export const FROM_POSTINGS = 'postings CROSS JOIN images i ON i.place = postings.rowid'
export const FROM_UPDATES = 'images i INDEXED BY images_by_update'
export const FROM_ROWS = 'images i'

/**
 * One in 64 of the rows that a walk does not find is yielded all the same. Which ones are, goes by
 * some bits of a product (Knuth's multiplicative hashing): every second row may well be one project's.
 */
const IS_YIELDED = '(i.n * 2654435761 >> 16) & 63 = 0'

/** The candidates, which must be few, all at once. */
export function sorted(
  from: string,
  conditions: readonly Condition[],
  terms: readonly OrderTerm[],
): SearchStatement {
  const { sql, values } = allOf(conditions)
  return {
    reads: 'in order',
    sql: `SELECT i.n, i.revision, 1 AS isFound FROM ${from} WHERE ${sql} ORDER BY ${orderBy(terms)}`,
    values,
  }
}

/**
 * Along an index that has the order.
 * @param bounds where the walk starts and ends: every row between is visited
 */
export function walk(
  from: string,
  bounds: readonly Condition[],
  checks: readonly Condition[],
  terms: readonly OrderTerm[],
): SearchStatement {
  const between = allOf(bounds)
  const found = allOf(checks)
  const [first] = terms
  const isByPosting = from === FROM_POSTINGS
  const order = isByPosting ? `postings.rowid${first?.isDescending ? ' DESC' : ''}` : orderBy(terms)
  return {
    reads: 'in order',
    sql: `SELECT i.n, i.revision, (${found.sql}) AS isFound FROM ${from}
  WHERE ${between.sql} AND (${IS_YIELDED} OR (${found.sql}))
  ORDER BY ${order}`,
    values: [...found.values, ...between.values, ...found.values],
  }
}

/** Through all rows by their numbers, which no index may draw the planner away from. */
export function bestOf(
  conditions: readonly Condition[],
  terms: readonly OrderTerm[],
): SearchStatement {
  const { sql, values } = allOf(conditions)
  return {
    reads: 'best of',
    sql: `SELECT i.n, i.revision FROM (
    SELECT value AS n FROM json_each(?)
    UNION ALL SELECT i.n FROM images i NOT INDEXED WHERE i.n BETWEEN ? AND ? AND ${sql}
  ) found CROSS JOIN images i ON i.n = found.n ORDER BY ${orderBy(terms)} LIMIT ?`,
    values,
  }
}

function allOf(conditions: readonly Condition[]): {
  readonly sql: string
  readonly values: Condition['values']
} {
  return {
    sql: conditions.flatMap((condition) => condition.sql).join('\n  AND ') || 'TRUE',
    values: conditions.flatMap(({ values }) => values),
  }
}
