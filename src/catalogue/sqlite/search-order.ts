import type { Image } from '../../image/image.ts'
import type { SortField, SortKey } from '../../image/search.ts'
import { idBytes } from './image-rows.ts'
import type { Condition, SqlValue } from './search-checks.ts'

/** One column that rows are sorted by. */
export interface OrderTerm {
  readonly column: string
  readonly isDescending: boolean
}

const COLUMNS: Readonly<Record<SortField, string>> = {
  name: 'name',
  status: 'status',
  container_format: 'container_format',
  disk_format: 'disk_format',
  size: 'size_bytes',
  id: 'id',
  created_at: 'created_at',
  updated_at: 'updated_at',
}
/** Columns that an index leads with, each followed by `place DESC`. */
const INDEXED: ReadonlySet<string> = new Set([
  'name',
  'updated_at',
  'size_bytes',
  'status',
  'disk_format',
  'container_format',
])

/** Whether an index has the order, read from one end or the other. */
export function isIndexOrder([first, second, ...more]: readonly OrderTerm[]): boolean {
  if (first === undefined || more.length > 0) return false
  if (second === undefined) return first.column === 'place' || first.column === 'id'
  const isOpposite = first.isDescending !== second.isDescending
  return INDEXED.has(first.column) && second.column === 'place' && isOpposite
}

const NULLABLE: ReadonlySet<string> = new Set([
  'name',
  'container_format',
  'disk_format',
  'size_bytes',
])

/**
 * The columns of an order. `place` replaces creation and id if both have the same direction; keys
 * after the id are left out, since no two images share an id.
 */
export function orderTerms(sort: readonly SortKey[]): readonly OrderTerm[] {
  const idAt = sort.findIndex(({ field }) => field === 'id')
  const keys = idAt === -1 ? sort : sort.slice(0, idAt + 1)
  const [created, id] = keys.slice(-2)
  const isPlace =
    created?.field === 'created_at' && id?.field === 'id' && created.direction === id.direction
  const terms = (isPlace ? keys.slice(0, -2) : keys).map(({ field, direction }) => ({
    column: COLUMNS[field],
    isDescending: direction === 'desc',
  }))
  if (isPlace || idAt === -1) {
    terms.push({ column: 'place', isDescending: id?.direction === 'asc' })
  }
  return terms
}

/** An image to go on after, with its place. */
export interface Marker {
  readonly image: Image
  readonly place: number
}

/**
 * The images after a marker, as conditions to be read one after another: first the images equal to
 * it in all keys but the last, then in fewer and fewer. Each condition can use an index.
 */
export function segmentsAfter(
  terms: readonly OrderTerm[],
  marker: Marker | undefined,
): readonly Condition[] {
  if (marker === undefined) return [{ sql: [], values: [] }]
  const segments: Condition[] = []
  for (let at = terms.length - 1; at >= 0; at -= 1) {
    const term = terms[at]
    if (term === undefined) continue
    const same = terms.slice(0, at).map((earlier) => isSame(earlier, marker))
    for (const beyond of beyondMarker(term, marker)) {
      segments.push({
        sql: [...same, beyond].flatMap(({ sql }) => sql),
        values: [...same, beyond].flatMap(({ values }) => values),
      })
    }
  }
  return segments
}

function isSame({ column }: OrderTerm, marker: Marker): Condition {
  const value = markerValue(column, marker)
  if (value === null) return { sql: [`i.${column} IS NULL`], values: [] }
  return { sql: [`i.${column} = ?`], values: [value] }
}

/** NULL stands before every value. */
function beyondMarker({ column, isDescending }: OrderTerm, marker: Marker): readonly Condition[] {
  const value = markerValue(column, marker)
  if (value === null) {
    return isDescending ? [] : [{ sql: [`i.${column} IS NOT NULL`], values: [] }]
  }
  const beyond = { sql: [`i.${column} ${isDescending ? '<' : '>'} ?`], values: [value] }
  if (!isDescending || !NULLABLE.has(column)) return [beyond]
  return [beyond, { sql: [`i.${column} IS NULL`], values: [] }]
}

function markerValue(column: string, { image, place }: Marker): SqlValue {
  switch (column) {
    case 'place':
      return place
    case 'id':
      return idBytes(image.id) ?? null
    case 'name':
      return image.name
    case 'status':
      return image.status
    case 'container_format':
      return image.containerFormat
    case 'disk_format':
      return image.diskFormat
    case 'size_bytes':
      return image.sizeBytes
    case 'created_at':
      return image.createdAt
    default:
      return image.updatedAt
  }
}

/** `ORDER BY` of the terms. */
export function orderBy(terms: readonly OrderTerm[]): string {
  return terms
    .map(({ column, isDescending }) => `i.${column}${isDescending ? ' DESC' : ''}`)
    .join(', ')
}

/** The segments as one condition: for rows that are all looked at anyway. */
export function inOneGo(segments: readonly Condition[]): Condition {
  const [first = { sql: [], values: [] }, ...more] = segments
  if (more.length === 0) return first
  return {
    sql: [`(${segments.map(({ sql }) => `(${sql.join(' AND ')})`).join(' OR ')})`],
    values: segments.flatMap(({ values }) => values),
  }
}
