import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import { printTime } from '../../image/time.ts'
import { formEncodeAll } from '../request/form-encode.ts'
import type { Call } from './call.ts'
import type { ListRequest } from './query.ts'

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const TIME_MIN_SECONDS = -62_135_596_800
const TIME_MAX_SECONDS = 253_402_300_799
/** The largest page that `GET /v2/cloudimages` of this server gives; the vendor states none. */
const LIMIT_MAX = 10_000

/**
 * The vendor's `GET /v2/cloudimages` for the same list, which the documented page of the discarded
 * call names as its successor. It has no operators but for times, and no paging links.
 * @returns undefined where no one request of it asks the same, and where it is not known.
 */
export function imsListSuccessor(call: Call, request: ListRequest): string | undefined {
  if (call.imageBase === undefined) return undefined
  const filters = printFilters(request.query)
  if (filters === undefined) return undefined
  const parameters = [...filters]
  if (Number.isFinite(request.limit)) {
    parameters.push(['limit', String(Math.min(request.limit, LIMIT_MAX))])
  }
  if (request.marker !== undefined) parameters.push(['marker', request.marker])
  const text = formEncodeAll(parameters)
  return `${call.imageBase}/v2/cloudimages${text === '' ? '' : `?${text}`}`
}

function printFilters(query: ImageQuery): [name: string, value: string][] | undefined {
  if (isEmptyQuery(query)) return undefined
  const { name, statuses, changesSince, minRamMib, minDiskGib, properties } = query
  const parameters: [string, string][] = []
  if (name !== undefined) parameters.push(['name', name])
  if (statuses !== undefined) {
    const [status, ...more] = statuses
    if (status === undefined || more.length > 0) return undefined
    parameters.push(['status', status])
  }
  if (changesSince !== undefined) {
    if (changesSince > TIME_MAX_SECONDS) return undefined
    const time = printTime(Math.max(changesSince, TIME_MIN_SECONDS))
    parameters.push(['updated_at', `gte:${time}`])
  }
  for (const [parameter, value] of [
    ['min_ram', minRamMib],
    ['min_disk', minDiskGib],
  ] as const) {
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 0) return undefined
    parameters.push([parameter, String(value)])
  }
  for (const property of properties ?? []) {
    if (!isAskable(property)) return undefined
    parameters.push(property)
  }
  return parameters
}

/** These mean something else there than the free property of their name. */
const DERIVED: ReadonlySet<string> = new Set(['__isregistered', '__imagetype', '__whole_image'])

function isAskable([name]: readonly [string, string]): boolean {
  return name === 'virtual_env_type' || (name.startsWith('__') && !DERIVED.has(name))
}
