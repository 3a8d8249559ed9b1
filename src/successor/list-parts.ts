import type { AskedList, Parameter } from './asked-list.ts'
import { hasNoMatch, literal, printSince, statusFilter } from './image-api.ts'

/**
 * The parts of a list query, each value as the Image API takes it; a tool picks those that it
 * supports.
 */
export interface ListParts {
  readonly name?: string
  readonly status?: string
  /** ISO 8601, inclusive. */
  readonly updatedSince?: string
  readonly minRamMib?: number
  readonly minDiskGib?: number
  readonly properties: readonly Parameter[]
  /** undefined: everything. */
  readonly limit?: number
  readonly marker?: string
}

/** A list that can match nothing asks for images of no status at all. */
export function listParts({ query, limit, marker }: AskedList): ListParts {
  const { name, statuses, changesSince, minRamMib, minDiskGib, properties } = query
  const window = {
    ...(Number.isFinite(limit) ? { limit } : {}),
    ...(marker === undefined ? {} : { marker }),
  }
  if (hasNoMatch(query)) return { status: 'in:', properties: [], ...window }
  return {
    ...(name === undefined ? {} : { name: literal(name) }),
    ...(statuses === undefined ? {} : { status: statusFilter(statuses) }),
    ...(changesSince === undefined ? {} : { updatedSince: printSince(changesSince) }),
    ...(minRamMib === undefined ? {} : { minRamMib }),
    ...(minDiskGib === undefined ? {} : { minDiskGib }),
    properties: [...(properties ?? [])],
    ...window,
  }
}

/** What was left of the parts, in the words of the Compute API. */
export function describeParts(
  parts: {
    readonly [K in keyof ListParts]?: ListParts[K] | undefined
  },
): string[] {
  const {
    name,
    status,
    updatedSince,
    minRamMib,
    minDiskGib,
    properties = [],
    limit,
    marker,
  } = parts
  const said: string[] = []
  const say = (filter: string, value: string | number | undefined) => {
    if (value !== undefined) said.push(`${filter}=${value}`)
  }
  say('name', name)
  say('status', status)
  say('changes-since', updatedSince)
  say('minRam', minRamMib)
  say('minDisk', minDiskGib)
  for (const [key, value] of properties) say(`property-${key}`, value)
  say('limit', limit)
  say('marker', marker)
  return said
}
