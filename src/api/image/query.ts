import { GLANCE_STATUSES } from '../../image/image.ts'
import type { ImageQuery } from '../../image/query.ts'
import { hasOwnMeaning } from '../image-parameters.ts'
import { readParameters, readWholeNumber } from '../parameters.ts'
import { ImageFault } from './faults.ts'
import { readAnyOf, readNotBefore } from './filter-operators.ts'

/** Glance's limit_param_default. */
export const LIMIT_DEFAULT = 25
/** Glance's api_limit_max; who asks for more gets this many and a `next` link. */
export const LIMIT_MAX = 1000

/** A list request, read. */
export interface ListRequest {
  readonly query: ImageQuery
  /** From 0 to LIMIT_MAX. */
  readonly limit: number
  /** The id to go on after. */
  readonly marker: string | undefined
  /** Every parameter but the marker, the last value of each, for the links. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Reads the query string of `GET /v2/images`. Mirrors glance/api/v2/images.py
 * (RequestDeserializer.index). @throws ImageFault 'query.invalid', 'query.not_served'
 */
export function readListRequest(rawQuery: string): ListRequest {
  const parameters = readParameters(rawQuery)
  if (parameters === undefined) {
    throw new ImageFault('query.invalid', 'The query string is not valid UTF-8.')
  }
  const marker = parameters.get('marker')
  parameters.delete('marker')
  return {
    query: readFilters(parameters),
    limit: readLimit(parameters.get('limit')),
    marker,
    parameters,
  }
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return LIMIT_DEFAULT
  const limit = readWholeNumber(value)
  if (Number.isNaN(limit)) throw new ImageFault('query.invalid', 'limit param must be an integer')
  if (limit < 0) throw new ImageFault('query.invalid', 'limit param must be positive')
  return Math.min(limit, LIMIT_MAX)
}

function readFilters(parameters: ReadonlyMap<string, string>): ImageQuery {
  const query: { -readonly [K in keyof ImageQuery]: ImageQuery[K] } = {}
  const properties = new Map<string, string>()
  let isNoName = false
  for (const [name, value] of parameters) {
    if (name === 'limit' || (name === 'sort' && isListOrder(value))) continue
    if (name === 'name') {
      const asked = readName(value)
      if (asked === undefined) isNoName = true
      else query.name = asked
    } else if (name === 'status') query.statuses = readStatus(value)
    else if (name === 'min_ram') query.minRamMib = readWholeNumber(value)
    else if (name === 'min_disk') query.minDiskGib = readWholeNumber(value)
    else if (name === 'updated_at') query.changesSince = readNotBefore(name, value)
    else if (hasOwnMeaning(name)) throw notServed(name)
    else properties.set(name, value)
  }
  if (properties.size > 0) query.properties = properties
  return isNoName ? { ...query, statuses: [] } : query
}

/** `sort=KEY:DIRECTION,...`: one order is served, and asking for it is no filter. */
function isListOrder(sort: string): boolean {
  const keys = sort.split(',').map((key) => key.trim().replace(/:\s*desc$/, ''))
  return keys[0] === 'created_at' && (keys.length === 1 || (keys.length === 2 && keys[1] === 'id'))
}

/** undefined for `in:` without any name, which no image has. */
function readName(value: string): string | undefined {
  const [name, ...others] = new Set(readAnyOf(value))
  if (others.length === 0) return name
  throw new ImageFault(
    'query.not_served',
    'A list of several names is not served here yet; ask for one name at a time.',
  )
}

function readStatus(value: string): NonNullable<ImageQuery['statuses']> {
  const asked = readAnyOf(value)
  return GLANCE_STATUSES.filter((status) => asked.includes(status))
}

/** Refused, since a filter that is left out would show images that were not asked for. */
function notServed(name: string): ImageFault {
  return name === 'changes-since'
    ? new ImageFault('query.invalid', "Version 2 has no 'changes-since'; use updated_at=gte:TIME.")
    : new ImageFault('query.not_served', `The query parameter '${name}' is not served here yet.`)
}
