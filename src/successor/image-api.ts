import { BASE_PROPERTIES } from '../image/base-properties.ts'
import { hasOwnMeaning } from '../image/image-parameters.ts'
import { type ImageQuery, isEmptyQuery } from '../image/query.ts'
import { printTime } from '../image/time.ts'
import { type AskedList, type Parameter, TIME_MAX_SECONDS, TIME_MIN_SECONDS } from './asked-list.ts'

/**
 * The parameters of `GET /v2/images` that find the same images, in pages where the Compute list is
 * complete.
 * @returns undefined if a free property is asked for whose name has another meaning there.
 */
export function imageApiParameters({
  query,
  limit,
  marker,
}: AskedList): readonly Parameter[] | undefined {
  const filters = hasNoMatch(query) ? MATCHES_NOTHING : printFilters(query)
  if (filters === undefined) return undefined
  const parameters = [...filters]
  if (Number.isFinite(limit)) parameters.push(['limit', String(limit)])
  if (marker !== undefined) parameters.push(['marker', marker])
  return parameters
}

/** One of no status: how the Image service is asked for nothing at all. */
const MATCHES_NOTHING: readonly Parameter[] = [['status', 'in:']]

/** Such a query is not printed filter by filter: MySQL under Glance takes a word for the number 0. */
export function hasNoMatch(query: ImageQuery): boolean {
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
  if (changesSince !== undefined) parameters.push(['updated_at', `gte:${printSince(changesSince)}`])
  if (minRamMib !== undefined) parameters.push(['min_ram', String(minRamMib)])
  if (minDiskGib !== undefined) parameters.push(['min_disk', String(minDiskGib)])
  for (const property of properties ?? []) {
    if (hasOwnMeaning(property[0])) return undefined
    parameters.push(property)
  }
  return parameters
}

/** The time in a form that both APIs take; a time before the year 1 becomes the year 1. */
export function printSince(changesSince: number): string {
  return printTime(Math.max(changesSince, TIME_MIN_SECONDS))
}

/** Glance reads text before a colon as an operator, so such a name needs `eq:`. */
export function literal(name: string): string {
  return name.includes(':') ? `eq:${name}` : name
}

/** One status, or several with the operator `in:`. */
export function statusFilter(statuses: readonly string[]): string {
  const [status = ''] = statuses
  return statuses.length === 1 ? status : `in:${statuses.join(',')}`
}
