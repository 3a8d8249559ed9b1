import { type ImageQuery, isEmptyQuery } from '../image/query.ts'
import { type AskedList, type Parameter, TIME_MAX_SECONDS } from './asked-list.ts'
import { printSince } from './image-api.ts'

/** The largest page that `GET /v2/cloudimages` of this server gives; the vendor states none. */
const LIMIT_MAX = 10_000

/**
 * The parameters of the vendor's `GET /v2/cloudimages` for the same list, which the documented page
 * of the discarded call names as its successor. It has operators only for times, and no paging
 * links.
 * @returns undefined if no single request of it asks the same.
 */
export function imsParameters({ query, limit, marker }: AskedList): Parameter[] | undefined {
  const parameters = printFilters(query)
  if (parameters === undefined) return undefined
  if (Number.isFinite(limit)) parameters.push(['limit', String(Math.min(limit, LIMIT_MAX))])
  if (marker !== undefined) parameters.push(['marker', marker])
  return parameters
}

function printFilters(query: ImageQuery): Parameter[] | undefined {
  if (isEmptyQuery(query)) return undefined
  const { name, statuses, changesSince, minRamMib, minDiskGib, properties } = query
  const parameters: Parameter[] = []
  if (name !== undefined) parameters.push(['name', name])
  if (statuses !== undefined) {
    const [status, ...more] = statuses
    if (status === undefined || more.length > 0) return undefined
    parameters.push(['status', status])
  }
  if (changesSince !== undefined) {
    if (changesSince > TIME_MAX_SECONDS) return undefined
    parameters.push(['updated_at', `gte:${printSince(changesSince)}`])
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

function isAskable([name]: Parameter): boolean {
  return name === 'virtual_env_type' || (name.startsWith('__') && !DERIVED.has(name))
}
