import type { DeprecationPolicy } from '../../deprecation/policy.ts'
import { BASE_PROPERTIES } from '../../image/base-properties.ts'
import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import { printTime } from '../../image/time.ts'
import { formEncodeAll } from '../request/form-encode.ts'
import { hasOwnMeaning } from '../request/image-parameters.ts'
import type { Call } from './call.ts'
import { ComputeFault } from './faults.ts'
import { imsListSuccessor } from './ims-successor.ts'
import { type ListRequest, readListRequest } from './query.ts'

/** What replaces a call in the Image service's own API. */

/** The request that replaces a call, in the API that the operator names; undefined where there is none. */
export function successorOf(call: Call, policy: DeprecationPolicy): string | undefined {
  if (call.operation !== 'list_images' && call.operation !== 'list_images_detail') {
    return imageSuccessor(call)
  }
  try {
    return successorOfList(call, readListRequest(call.query), policy)
  } catch (error) {
    if (error instanceof ComputeFault) return undefined // a query that cannot be read
    throw error
  }
}

/** As `successorOf`, for a list whose query is read already. */
export function successorOfList(
  call: Call,
  request: ListRequest,
  { successor }: DeprecationPolicy,
): string | undefined {
  return successor === 'ims' ? imsListSuccessor(call, request) : listSuccessor(call, request)
}

/** The Image service's request for the same one image; undefined where it is not known. */
export function imageSuccessor(call: Call): string | undefined {
  if (call.imageBase === undefined) return undefined
  return `${call.imageBase}/v2/images/${encodeURIComponent(call.id)}`
}

/**
 * The Image service's request for the same list: page by page, where this one is whole.
 * @returns undefined when a free property is asked for whose name means something else there, and
 *   where it is not known.
 */
function listSuccessor(call: Call, { query, limit, marker }: ListRequest): string | undefined {
  if (call.imageBase === undefined) return undefined
  const filters = hasNoMatch(query) ? MATCHES_NOTHING : printFilters(query)
  if (filters === undefined) return undefined
  const parameters = [...filters]
  if (Number.isFinite(limit)) parameters.push(['limit', String(limit)])
  if (marker !== undefined) parameters.push(['marker', marker])
  const text = formEncodeAll(parameters)
  return `${call.imageBase}/v2/images${text === '' ? '' : `?${text}`}`
}

type Parameter = readonly [name: string, value: string]

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: no image is older or newer, and no time prints. */
const TIME_MIN_SECONDS = -62_135_596_800
const TIME_MAX_SECONDS = 253_402_300_799

/** One of no status: how the Image service is asked for nothing at all. */
const MATCHES_NOTHING: readonly Parameter[] = [['status', 'in:']]

/** Such a query is not printed filter by filter: MySQL under Glance takes a word for the number 0. */
function hasNoMatch(query: ImageQuery): boolean {
  const { changesSince = TIME_MIN_SECONDS, minRamMib = 0, minDiskGib = 0, properties } = query
  return (
    isEmptyQuery(query) ||
    changesSince > TIME_MAX_SECONDS ||
    !Number.isSafeInteger(minRamMib) ||
    !Number.isSafeInteger(minDiskGib) ||
    [...(properties?.keys() ?? [])].some((name) => BASE_PROPERTIES.has(name))
  )
}

function printFilters(query: ImageQuery): readonly Parameter[] | undefined {
  const { name, statuses, changesSince, minRamMib, minDiskGib, properties } = query
  const parameters: Parameter[] = []
  if (name !== undefined) parameters.push(['name', literal(name)])
  if (statuses !== undefined) parameters.push(['status', statusFilter(statuses)])
  if (changesSince !== undefined) {
    const time = printTime(Math.max(changesSince, TIME_MIN_SECONDS))
    parameters.push(['updated_at', `gte:${time}`])
  }
  if (minRamMib !== undefined) parameters.push(['min_ram', String(minRamMib)])
  if (minDiskGib !== undefined) parameters.push(['min_disk', String(minDiskGib)])
  for (const property of properties ?? []) {
    if (hasOwnMeaning(property[0])) return undefined
    parameters.push(property)
  }
  return parameters
}

/** Glance takes what is before a colon for an operator, so such a name is asked for with `eq:`. */
function literal(name: string): string {
  return name.includes(':') ? `eq:${name}` : name
}

function statusFilter(statuses: readonly string[]): string {
  const [status = ''] = statuses
  return statuses.length === 1 ? status : `in:${statuses.join(',')}`
}
