import type { Reads } from '../../database/readers.ts'
import type { SearchStatement } from './search-statements.ts'

export interface FoundRow {
  readonly n: number
  readonly revision: number
}

/** Rows looked at between two points where a search can be interrupted. */
const RANGE_ROWS = 1000

/** What a plan's statements find, up to the limit. Each `yield` is a point to interrupt it at. */
export function* foundImages(
  reads: Reads,
  statements: readonly SearchStatement[],
  limit: number,
): Generator<undefined, readonly FoundRow[]> {
  const found: FoundRow[] = []
  for (const statement of statements) {
    if (found.length >= limit) break
    const more = limit - found.length
    if (statement.reads === 'in order') found.push(...(yield* inOrder(reads, statement, more)))
    else found.push(...(yield* bestOfAll(reads, statement, more)))
  }
  return found
}

function* inOrder(
  reads: Reads,
  { sql, values }: SearchStatement,
  limit: number,
): Generator<undefined, readonly FoundRow[]> {
  const found: FoundRow[] = []
  for (const row of reads.prepare(sql).iterate(...values)) {
    if (row['isFound'] === 1) found.push(row as unknown as FoundRow)
    if (found.length >= limit) break
    yield
  }
  return found
}

function* bestOfAll(
  reads: Reads,
  { sql, values }: SearchStatement,
  limit: number,
): Generator<undefined, readonly FoundRow[]> {
  const statement = reads.prepare(sql)
  const last = Number(reads.prepare('SELECT max(n) AS last FROM images').get()?.['last'])
  let best: readonly FoundRow[] = []
  for (let from = 0; from <= last; from += RANGE_ROWS) {
    const before = JSON.stringify(best.map(({ n }) => n))
    const range = [before, from, from + RANGE_ROWS - 1]
    best = statement.all(...range, ...values, limit) as unknown as readonly FoundRow[]
    yield
  }
  return best
}
