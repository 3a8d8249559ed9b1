import { GLANCE_STATUSES } from '../../image/image.ts'
import { shownStatus } from '../../image/status.ts'
import { printTime } from '../../image/time.ts'
import type { Call } from './call.ts'
import type { ListRequest } from './query.ts'

/**
 * What replaces a call: said on every answer, so that callers can leave. RFC 9745 (Deprecation) and
 * RFC 8288 (Link) with rel="successor-version" of RFC 5829.
 */

/** 2016-06-22: Nova 2.36 deprecated the image proxies (nova commit ea0befc7ca). */
export const DEPRECATED_AT = '@1466553600'

/** Headers for an answer whose successor is `url`. */
export function successorHeaders(url: string): Record<string, string> {
  return { deprecation: DEPRECATED_AT, link: `<${url}>; rel="successor-version"` }
}

/** The Image service's request for the same one image. */
export function imageSuccessor(call: Call): string {
  return `${call.imageBase}/v2/images/${encodeURIComponent(call.id)}`
}

/** The Image service's request for the same list. */
export function listSuccessor(call: Call, { query, limit, marker }: ListRequest): string {
  const parameters: [string, string][] = []
  if (query.name !== undefined) parameters.push(['name', literal(query.name)])
  if (query.statuses !== undefined) parameters.push(['status', statusFilter(query.statuses)])
  if (query.changesSince !== undefined) {
    parameters.push(['updated_at', `gte:${printTime(query.changesSince)}`])
  }
  if (query.minRamMib !== undefined) parameters.push(['min_ram', String(query.minRamMib)])
  if (query.minDiskGib !== undefined) parameters.push(['min_disk', String(query.minDiskGib)])
  parameters.push(...(query.properties ?? []))
  if (Number.isFinite(limit)) parameters.push(['limit', String(limit)])
  if (marker !== undefined) parameters.push(['marker', marker])
  const text = new URLSearchParams(parameters).toString()
  return `${call.imageBase}/v2/images${text === '' ? '' : `?${text}`}`
}

/** Glance takes what is before a colon for an operator, so such a name is asked for with `eq:`. */
function literal(name: string): string {
  return name.includes(':') ? `eq:${name}` : name
}

function statusFilter(statuses: readonly string[]): string {
  if (statuses.length === 1) return statuses[0] ?? ''
  const gone = GLANCE_STATUSES.filter((s) => shownStatus(s).status === 'DELETED')
  return `in:${statuses.filter((s) => !gone.some((g) => g === s)).join(',')}`
}
