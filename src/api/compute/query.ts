import type { ImageQuery } from '../../image/query.ts'
import { askedStatus } from '../../image/status.ts'
import { parseTime } from '../../image/time.ts'
import { readParameters, readWholeNumber } from '../request/parameters.ts'
import { ComputeFault } from './faults.ts'

/** A list request, read. */
export interface ListRequest {
  readonly query: ImageQuery
  /** At most this many; Infinity when everything is asked for. */
  readonly limit: number
  /** The id to go on after. */
  readonly marker: string | undefined
  /** Every parameter, the last value of each, for the next link. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Reads the query string of `images` and `images/detail`. Mirrors nova/api/openstack/compute/
 * images.py (_get_filters) and nova/api/openstack/common.py (get_pagination_params).
 * @throws ComputeFault 'query.invalid'
 */
export function readListRequest(rawQuery: string): ListRequest {
  const parameters = readParameters(rawQuery)
  if (parameters === undefined) {
    throw new ComputeFault('query.invalid', 'The query string is not valid UTF-8.')
  }
  const limit = readCount(parameters, 'limit') ?? 0
  readCount(parameters, 'page_size') // checked, then ignored: it sets the size of Nova's own pages
  const marker = parameters.get('marker')
  readCount(parameters, 'offset') // checked, then ignored, as in Nova
  return {
    query: readFilters(parameters),
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    marker: marker === '' ? undefined : marker,
    parameters,
  }
}

const PROPERTY_PREFIX = 'property-'

const PARAMETERS: ReadonlySet<string> = new Set([
  'name',
  'status',
  'changes-since',
  'minRam',
  'minDisk',
  'server',
  'type',
  'limit',
  'marker',
  'page_size',
  'offset',
])

/** Whether a list knows the parameter; others are ignored. */
export function isListParameter(name: string): boolean {
  return PARAMETERS.has(name) || name.startsWith(PROPERTY_PREFIX)
}

function readFilters(parameters: ReadonlyMap<string, string>): ImageQuery {
  const query: { -readonly [K in keyof ImageQuery]: ImageQuery[K] } = {}
  const properties = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (name === 'name') query.name = value
    else if (name === 'status') query.statuses = readStatus(value)
    else if (name === 'changes-since') query.changesSince = readChangesSince(value)
    else if (name === 'minRam') query.minRamMib = readWholeNumber(value)
    else if (name === 'minDisk') query.minDiskGib = readWholeNumber(value)
    else if (name === 'server') properties.set('instance_uuid', lastSegment(value))
    else if (name === 'type') properties.set('image_type', value)
    else if (name.startsWith(PROPERTY_PREFIX)) {
      properties.set(name.slice(PROPERTY_PREFIX.length), value)
    }
  }
  if (properties.size > 0) query.properties = properties
  return query
}

function readStatus(value: string): NonNullable<ImageQuery['statuses']> {
  const asked = askedStatus(value)
  if (asked.kind === 'unaskable') {
    throw new ComputeFault(
      'query.invalid',
      'Invalid input received: images with status DELETED cannot be queried',
    )
  }
  return asked.statuses
}

/**
 * A fraction of a second is dropped: times are shown in whole seconds, so a caller who polls with
 * the time of a clock also gets what changed later in that second, twice rather than never. A raw
 * `+` of an offset arrives as a space and is read as a plus.
 */
function readChangesSince(value: string): number {
  const seconds = parseTime(value) ?? parseTime(value.replace(/ (?=\d{2}:?(?:\d{2})?$)/, '+'))
  if (seconds === undefined) {
    throw new ComputeFault(
      'query.invalid',
      'Invalid input received: changes-since must be an ISO 8601 time such as 2026-11-23T18:20:02Z',
    )
  }
  return seconds
}

/** An id, or the last segment of any href that ends in one (nova/api/openstack/common.py, get_id_from_href). */
function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf('/') + 1)
}

/** A whole decimal number of zero or more; above 2^53 it means no limit. */
function readCount(parameters: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = parameters.get(name)
  if (value === undefined) return undefined
  if (/^\s*-\d+\s*$/.test(value) && Number(value) < 0) {
    throw new ComputeFault('query.invalid', `Invalid input received: ${name} must be >= 0`)
  }
  if (!/^\s*[-+]?\d+\s*$/.test(value)) {
    throw new ComputeFault('query.invalid', `Invalid input received: ${name} must be an integer`)
  }
  const count = Math.abs(Number(value)) // -0 is 0
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY
}
