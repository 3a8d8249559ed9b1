import { BASE_PROPERTIES } from '../../image/base-properties.ts'
import {
  MINIMUM_MAX,
  NAME_CHARACTERS_MAX,
  PROPERTY_NAME_CHARACTERS_MAX,
  PROPERTY_VALUE_BYTES_MAX,
} from '../../image/document.ts'
import type { GlanceStatus } from '../../image/image.ts'
import { type ImageQuery, isEmptyQuery } from '../../image/query.ts'
import { printTime } from '../../image/time.ts'

/**
 * A query in Glance's own words. Mirrors glance/api/v2/images.py (RequestDeserializer.index) and
 * glance/db/sqlalchemy/api.py (_make_conditions_from_filters). Every image that Glance returns is
 * checked against the query again, so this query only has to find every match.
 */
export interface GlanceQuery {
  /** Encoded; empty for none. Without limit, marker and order. */
  readonly filters: string
  /** Whether every filter is among them; otherwise many rows may come that do not match. */
  readonly isWhole: boolean
}

/** The longest filters that are sent; common limits of a request line are 4 and 8 KiB. */
export const FILTER_BYTES_MAX = 3_000
/** Each is a join in Glance's database, of which SQLite and MariaDB allow some sixty. */
export const PROPERTY_FILTERS_MAX = 16
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z */
const TIME_MIN_SECONDS = -62_135_596_800
export const TIME_MAX_SECONDS = 253_402_300_799

/** Glance's lists leave these out for every caller. */
export const NEVER_LISTED: ReadonlySet<GlanceStatus> = new Set([
  'killed',
  'deleted',
  'pending_delete',
])

/** What Glance takes for parameters of the list itself. */
const CONTROLS: ReadonlySet<string> = new Set([
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'tag',
  'member_status',
  'changes-since',
  'is_public',
])

/** Attributes of the class Image in glance/db/sqlalchemy/models.py that are no columns: 500s. */
const MODEL_ATTRIBUTES: ReadonlySet<string> = new Set([
  '_as_dict',
  '_extra_keys',
  'delete',
  'get',
  'items',
  'iteritems',
  'keys',
  'members',
  'metadata',
  'next',
  'properties',
  'registry',
  'save',
  'to_dict',
  'update',
  'values',
])

/** Property names that Glance cannot filter by: such a filter is only applied here. */
export interface MatchedHere {
  readonly why: string
  readonly holds: (key: string) => boolean
  readonly examples: readonly string[]
}

export const MATCHED_HERE: readonly MatchedHere[] = [
  {
    why: 'Glance takes the name for a parameter of the list',
    holds: (key) => CONTROLS.has(key),
    examples: ['limit', 'marker', 'sort_key', 'member_status', 'tag', 'changes-since'],
  },
  {
    why: 'Glance takes the name for an attribute of its own record',
    holds: (key) => MODEL_ATTRIBUTES.has(key) || /^_sa_|^__.*__$/s.test(key),
    examples: ['properties', 'metadata', 'members', '_sa_registry', '__class__'],
  },
  {
    why: 'Glance takes the name for the bound of a range',
    holds: (key) => key.endsWith('_min') || key.endsWith('_max'),
    examples: ['x_min', 'size_max', '_min'],
  },
]

/** @returns undefined when no image that Glance lists can match, so that it need not be asked. */
export function glanceQuery(query: ImageQuery): GlanceQuery | undefined {
  if (isEmptyQuery(query)) return undefined
  const parts: string[] = []
  for (const part of [statusPart(query), timePart(query), ...minimumParts(query)]) {
    if (part === 'nothing') return undefined
    if (part !== undefined) parts.push(part)
  }
  const texts: string[] = []
  if (query.name !== undefined) {
    if (!isHeld(query.name) || query.name.length > NAME_CHARACTERS_MAX) return undefined
    texts.push(`name=${encodeURIComponent(`eq:${query.name}`)}`)
  }
  let isWhole = true
  let propertyFilters = 0
  for (const [key, value] of query.properties ?? []) {
    if (!canHaveProperty(key, value)) return undefined
    if (propertyFilters >= PROPERTY_FILTERS_MAX || MATCHED_HERE.some((row) => row.holds(key))) {
      isWhole = false
      continue
    }
    propertyFilters += 1
    texts.push(`${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
  }
  let bytes = parts.join('&').length
  for (const text of texts) {
    bytes += text.length + 1
    if (bytes > FILTER_BYTES_MAX) {
      isWhole = false
      bytes -= text.length + 1
    } else parts.push(text)
  }
  return { filters: parts.join('&'), isWhole }
}

type Part = string | 'nothing' | undefined

function statusPart({ statuses }: ImageQuery): Part {
  if (statuses === undefined) return undefined
  const listed = statuses.filter((status) => !NEVER_LISTED.has(status))
  return listed.length === 0 ? 'nothing' : `status=${encodeURIComponent(`in:${listed.join(',')}`)}`
}

function timePart({ changesSince }: ImageQuery): Part {
  if (changesSince === undefined || changesSince <= TIME_MIN_SECONDS) return undefined
  if (changesSince > TIME_MAX_SECONDS) return 'nothing'
  return `updated_at=${encodeURIComponent(`gte:${printTime(changesSince)}`)}`
}

function minimumParts({ minRamMib, minDiskGib }: ImageQuery): readonly Part[] {
  return [minimumPart('min_ram', minRamMib), minimumPart('min_disk', minDiskGib)]
}

function minimumPart(name: string, value: number | undefined): Part {
  if (value === undefined) return undefined
  const canBe = Number.isInteger(value) && value >= 0 && value <= MINIMUM_MAX
  return canBe ? `${name}=${value || 0}` : 'nothing'
}

function canHaveProperty(key: string, value: string): boolean {
  if (key === '' || BASE_PROPERTIES.has(key) || !isHeld(key) || !isHeld(value)) return false
  if (key.length > PROPERTY_NAME_CHARACTERS_MAX) return false
  return Buffer.byteLength(value) <= PROPERTY_VALUE_BYTES_MAX
}

/**
 * Glance refuses characters of four bytes in UTF-8 (glance/common/utils.py, no_4byte_params), and a
 * lone surrogate is not UTF-8.
 */
export function isHeld(text: string): boolean {
  return !/[\u{10000}-\u{10ffff}\ud800-\udfff]/u.test(text)
}
