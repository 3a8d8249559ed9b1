import { GLANCE_STATUSES, MEMBER_STATUSES, VISIBILITIES } from '../../image/image.ts'
import { hasOwnMeaning } from '../../image/image-parameters.ts'
import type { ImageSearch, NumberBound, TimeBound } from '../../image/search.ts'
import { readWholeNumber } from '../request/parameters.ts'
import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'
import { readAnyOf, readTime } from './filter-operators.ts'

/**
 * Reads the filters of a list. Mirrors glance/api/v2/images.py (index, _get_filters) and
 * glance/db/sqlalchemy/api.py (_make_conditions_from_filters).
 */

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Filters = Mutable<Omit<ImageSearch, 'sort'>>

/** @throws ImageFault 'query.invalid', 'query.not_served' */
export function readFilters(
  parameters: ReadonlyMap<string, string>,
  tags: readonly string[],
): Filters {
  const filters: Filters = { memberStatus: 'accepted', isHidden: false }
  if (tags.length > 0) filters.tags = tags
  const properties = new Map<string, string>()
  for (const [name, value] of parameters) {
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    const range = RANGE.exec(name)
    if (reader !== undefined) reader(filters, value)
    else if (range !== null) readRange(filters, name, range, value)
    else if (hasOwnMeaning(name)) throw notServed(name)
    else properties.set(name, value)
  }
  if (properties.size > 0) filters.properties = properties
  return filters
}

type Reader = (filters: Filters, value: string) => void

const NOTHING: Reader = () => {}

const READERS: Readonly<Record<string, Reader>> = {
  // They steer the list and are read elsewhere; `deleted` Glance sets itself.
  limit: NOTHING,
  sort: NOTHING,
  deleted: NOTHING,
  member_status: (filters, value) => {
    const status = [...MEMBER_STATUSES, 'all' as const].find((word) => word === value)
    if (status === undefined) throw invalid(said`Invalid status: ${value}`)
    filters.memberStatus = status
  },
  visibility: (filters, value) => {
    const visibility = [...VISIBILITIES, 'all' as const].find((word) => word === value)
    if (visibility !== undefined) filters.visibility = visibility
    else if (value === '') matchNothing(filters)
    else throw invalid(said`Invalid visibility value: ${value}`)
  },
  os_hidden: (filters, value) => {
    filters.isHidden = readFlag('os_hidden', value.toLowerCase())
  },
  protected: (filters, value) => {
    filters.isProtected = readFlag('protected', value)
  },
  id: (filters, value) => {
    const ids = readAnyOf(value).map((id) => id.toLowerCase())
    filters.ids ??= ids // nothing matches, if another filter said so
  },
  name: (filters, value) => {
    filters.names = readAnyOf(value)
  },
  status: (filters, value) => {
    const asked = readAnyOf(value)
    filters.statuses = GLANCE_STATUSES.filter((status) => asked.includes(status))
  },
  disk_format: (filters, value) => {
    filters.diskFormats = readAnyOf(value)
  },
  container_format: (filters, value) => {
    filters.containerFormats = readAnyOf(value)
  },
  owner: (filters, value) => {
    filters.owner = value
  },
  checksum: (filters, value) => {
    filters.checksum = value
  },
  os_hash_value: (filters, value) => {
    filters.hashValue = value
  },
  size: equals('sizeBytes'),
  virtual_size: equals('virtualSizeBytes'),
  min_ram: equals('minRamMib'),
  min_disk: equals('minDiskGib'),
  created_at: compares('created_at', 'createdAt'),
  updated_at: compares('updated_at', 'updatedAt'),
  'changes-since': () => {
    throw invalid(
      'The "changes-since" filter is no longer available on v2. Use updated_at=gte:TIME.',
    )
  },
}

function equals(field: NumberBound['field']): Reader {
  return (filters, value) =>
    addNumber(filters, { field, operator: 'eq', value: readWholeNumber(value) })
}

function compares(parameter: string, field: TimeBound['field']): Reader {
  return (filters, value) => {
    const bound = readTime(parameter, value)
    if (bound === 'never') matchNothing(filters)
    else if (bound !== 'always') filters.times = [...(filters.times ?? []), { field, ...bound }]
  }
}

const RANGE = /^(.*)_(min|max)$/s

const RANGE_FIELDS: Readonly<Record<string, NumberBound['field']>> = {
  size: 'sizeBytes',
  virtual_size: 'virtualSizeBytes',
  min_ram: 'minRamMib',
  min_disk: 'minDiskGib',
}

function readRange(
  filters: Filters,
  name: string,
  [, column = '', end]: readonly string[],
  text: string,
): void {
  const field = Object.hasOwn(RANGE_FIELDS, column) ? RANGE_FIELDS[column] : undefined
  if (field === undefined) throw notServed(name)
  const value = readWholeNumber(text)
  if (Number.isNaN(value)) throw invalid('Unable to filter on a range with a non-numeric value.')
  addNumber(filters, { field, operator: end === 'min' ? 'gte' : 'lte', value })
}

function addNumber(filters: Filters, bound: NumberBound): void {
  filters.numbers = [...(filters.numbers ?? []), bound]
}

function matchNothing(filters: Filters): void {
  filters.ids = []
}

function readFlag(name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw invalid(
    said`Invalid value '${value}' for '${name}' filter. Valid values are 'true' or 'false'.`,
  )
}

function invalid(message: string): ImageFault {
  return new ImageFault('query.invalid', message)
}

/** Refused, since ignoring a filter would show images that were not asked for. */
function notServed(name: string): ImageFault {
  return new ImageFault('query.not_served', said`The query parameter '${name}' is not served here.`)
}
