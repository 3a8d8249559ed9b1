import type { Visibility } from '../../image/image.ts'
import type { ImageSearch } from '../../image/search.ts'
import type { Viewer } from '../../image/visibility.ts'
import { idBytes, propertyNeedle } from './image-rows.ts'

/** A condition of rows of `images i`, all of whose parts must hold. */
export interface Condition {
  readonly sql: readonly string[]
  readonly values: readonly SqlValue[]
}
export type SqlValue = string | number | null | Uint8Array

/** The filters of a search, apart: those on one column, and all others. */
export interface FilterChecks {
  readonly onColumn: Condition
  readonly others: Condition
}

/** The other operators are written as they are. */
const SQL_OPERATORS = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
const NUMBER_COLUMNS = {
  sizeBytes: 'size_bytes',
  virtualSizeBytes: 'virtual_size_bytes',
  minRamMib: 'min_ram_mib',
  minDiskGib: 'min_disk_gib',
} as const
const TIME_COLUMNS = { createdAt: 'created_at', updatedAt: 'updated_at' } as const

/**
 * Every filter of a search as checks of a row: what `matchesSearch` says, in SQL.
 * @param walked the column whose index gives the order; no other one may draw the planner away.
 */
export function filterChecks(search: ImageSearch, walked: string): FilterChecks {
  const onColumn: { sql: string[]; values: SqlValue[] } = { sql: [], values: [] }
  const others: { sql: string[]; values: SqlValue[] } = { sql: [], values: [] }
  const check = (name: string, test: string, value: SqlValue | undefined) => {
    if (value === undefined) return
    const part = name === walked ? onColumn : others
    part.sql.push(`${name === walked ? '' : '+'}i.${name} ${test}`)
    part.values.push(value)
  }
  // Looked up in an index one by one, the values of a list would not come in its order.
  const isOneOf = (name: string, list: readonly string[] | undefined) => {
    if (list === undefined) return
    others.sql.push(`+i.${name} IN (SELECT value FROM json_each(?))`)
    others.values.push(JSON.stringify(list))
  }
  isOneOf('name', search.names)
  isOneOf('status', search.statuses)
  isOneOf('disk_format', search.diskFormats)
  isOneOf('container_format', search.containerFormats)
  check('owner', '= ?', search.owner)
  check('is_protected', '= ?', search.isProtected === undefined ? undefined : +search.isProtected)
  check('checksum', '= ?', search.checksum)
  check('hash_value', '= ?', search.hashValue)
  for (const { field, operator, value } of search.numbers ?? []) {
    check(NUMBER_COLUMNS[field], `${SQL_OPERATORS[operator]} ?`, value)
  }
  for (const { field, operator, seconds } of search.times ?? []) {
    check(TIME_COLUMNS[field], `${SQL_OPERATORS[operator]} ?`, seconds)
  }
  const holdsAll = (sql: string, list: readonly string[]) => {
    if (list.length === 0) return
    others.sql.push(sql)
    others.values.push(JSON.stringify(list))
  }
  holdsAll(HAS_ALL_TAGS, search.tags ?? [])
  const needles = [...(search.properties ?? [])].map(([key, value]) => propertyNeedle(key, value))
  holdsAll(HAS_ALL_PROPERTIES, needles)
  return { onColumn, others }
}

/** An id is found by its own index, whatever the order: there are never many. */
export function idCheck(search: ImageSearch): Condition {
  if (search.ids === undefined) return { sql: [], values: [] }
  const ids = search.ids.flatMap((id) => idBytes(id)?.toString('hex') ?? [])
  return {
    sql: ['i.id IN (SELECT unhex(value) FROM json_each(?))'],
    values: [JSON.stringify(ids)],
  }
}

const HAS_ALL_TAGS = `NOT EXISTS (SELECT 1 FROM json_each(?) asked
  WHERE asked.value NOT IN (SELECT value FROM json_each(i.tags)))`
const HAS_ALL_PROPERTIES = `NOT EXISTS (SELECT 1 FROM json_each(?) asked
  WHERE instr(i.properties, asked.value) = 0)`

/** Literals, so that an index of only such rows fits. */
export const VISIBILITY_CHECKS: Readonly<Record<Visibility, string>> = {
  public: "i.visibility = 'public'",
  private: "i.visibility = 'private'",
  shared: "i.visibility = 'shared'",
  community: "i.visibility = 'community'",
}

/** Who sees what, in a row alone: for searches that no audience answers. */
export function visibilityChecks(viewer: Viewer, search: ImageSearch): Condition {
  const sql = [`i.is_hidden = ${+search.isHidden}`, "i.status NOT IN ('deleted', 'pending_delete')"]
  const values: SqlValue[] = []
  const project = viewer.project?.isWellFormed() === true ? viewer.project : null
  if (search.visibility === undefined) {
    sql.push("(i.visibility <> 'community' OR +i.owner = ?)")
    values.push(project)
  } else if (search.visibility !== 'all') {
    sql.push(VISIBILITY_CHECKS[search.visibility])
  }
  if (viewer.isAdmin) return { sql, values }
  if (project === null) return { sql: [...sql, "i.visibility IN ('public', 'community')"], values }
  sql.push(`(i.visibility IN ('public', 'community') OR +i.owner = ?
    OR i.visibility = 'shared' AND instr(i.members, ?) > 0)`)
  values.push(project, memberNeedle(project, search.memberStatus))
  return { sql, values }
}

/**
 * A text that an image's members column holds if and only if the project is a member with that
 * status.
 */
function memberNeedle(project: string, status: ImageSearch['memberStatus']): string {
  const start = `[${JSON.stringify(project)},`
  return status === 'all' ? start : `${start}"${status}",`
}

/** The search without texts that no row can hold; undefined if nothing can match. */
export function storableSearch(search: ImageSearch): ImageSearch | undefined {
  const { owner = '', checksum = '', hashValue = '', tags = [], properties = [] } = search
  const needed = [owner, checksum, hashValue, ...tags, ...[...properties].flat()]
  if (!needed.every((text) => text.isWellFormed())) return undefined
  const kept = (list: readonly string[] | undefined) => list?.filter((text) => text.isWellFormed())
  const [names, diskFormats] = [kept(search.names), kept(search.diskFormats)]
  const containerFormats = kept(search.containerFormats)
  const lists = [search.ids, search.statuses, names, diskFormats, containerFormats]
  if (lists.some((list) => list?.length === 0)) return undefined
  return {
    ...search,
    ...(names && { names }),
    ...(diskFormats && { diskFormats }),
    ...(containerFormats && { containerFormats }),
  }
}
