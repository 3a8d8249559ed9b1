import { GLANCE_STATUSES, MEMBER_STATUSES, type Visibility } from '../../image/image.ts'
import {
  type ImageSearch,
  type NumberBound,
  SORT_FIELDS,
  type SortKey,
  type TimeBound,
} from '../../image/search.ts'
import { TIME_OPERATORS, type TimeFilter, timeFilter } from '../../image/time-filter.ts'
import { readPairs, readWholeNumber } from '../request/parameters.ts'
import { cut } from '../request/said.ts'
import { ImsFault, type ImsFaultCode } from './faults.ts'

/** The vendor's default. */
export const LIMIT_DEFAULT = 500
/** The vendor states none. More is refused: a shorter page than asked for would look like the last. */
export const LIMIT_MAX = 10_000

/** A list request, read. */
export interface ListRequest {
  /** 'nothing': no image can be what is asked for. */
  readonly search: ImageSearch | 'nothing'
  /** From 0 to LIMIT_MAX. */
  readonly limit: number
  /** The id to go on after. */
  readonly marker?: string
}

/**
 * Reads the query string of `GET /v2/cloudimages`. Every value is a literal, except for the
 * operators of times. Of a repeated parameter the last value counts; of tags an image must have
 * all.
 * @throws ImsFault
 */
export function readListRequest(rawQuery: string): ListRequest {
  const pairs = readPairs(rawQuery)
  if (pairs === undefined) throw invalid('The query string is not valid UTF-8.')
  const asked = new Map(pairs)
  const tags = new Set(pairs.filter(([name]) => name === 'tag').map(([, value]) => value))
  const marker = asked.get('marker')?.toLowerCase()
  return {
    search: readSearch(asked, [...tags]),
    limit: readLimit(asked.get('limit')),
    ...(marker === undefined ? {} : { marker }),
  }
}

type Asked = ReadonlyMap<string, string>

function readSearch(asked: Asked, tags: readonly string[]): ImageSearch | 'nothing' {
  const visibility = readVisibility(asked)
  const isRegistered = oneOf(asked, '__isregistered', BOOLEANS)
  const status = oneOf(asked, 'status', GLANCE_STATUSES)
  const memberStatus = oneOf(asked, 'member_status', MEMBER_STATUSES) ?? 'accepted'
  const isProtected = oneOf(asked, 'protected', BOOLEANS)
  const literal = (name: string) => asked.get(name)
  const [id, name, owner] = [literal('id')?.toLowerCase(), literal('name'), literal('owner')]
  const [diskFormat, container] = [literal('disk_format'), literal('container_format')]
  const times = readTimes(asked)
  const rest = {
    numbers: readNumbers(asked),
    properties: readProperties(asked),
    sort: readSort(asked),
  }
  if (visibility === 'nothing' || times === 'nothing' || isRegistered === 'false') return 'nothing'
  return {
    ...rest,
    times,
    memberStatus,
    isHidden: false,
    ...(visibility === undefined ? {} : { visibility }),
    ...(id === undefined ? {} : { ids: [id] }),
    ...(name === undefined ? {} : { names: [name] }),
    ...(status === undefined ? {} : { statuses: [status] }),
    ...(owner === undefined ? {} : { owner }),
    ...(diskFormat === undefined ? {} : { diskFormats: [diskFormat] }),
    ...(container === undefined ? {} : { containerFormats: [container] }),
    ...(isProtected === undefined ? {} : { isProtected: isProtected === 'true' }),
    ...(tags.length === 0 ? {} : { tags }),
  }
}

const BOOLEANS = ['true', 'false'] as const
const DIRECTIONS = ['asc', 'desc'] as const
const IMAGE_TYPES = ['gold', 'private', 'shared'] as const
const VISIBILITY_OF_TYPE = { gold: 'public', private: 'private', shared: 'shared' } as const

/** `visibility` and `__imagetype` are the same filter with different words. */
function readVisibility(asked: Asked): Visibility | undefined | 'nothing' {
  const visibility = oneOf(asked, 'visibility', ['public', 'private', 'shared'])
  const type = oneOf(asked, '__imagetype', IMAGE_TYPES, 'query.image_type')
  const typed = type && VISIBILITY_OF_TYPE[type]
  if (visibility === undefined || typed === undefined) return visibility ?? typed
  return visibility === typed ? visibility : 'nothing'
}

const NUMBERS: Readonly<Record<string, Pick<NumberBound, 'field' | 'operator'>>> = {
  min_ram: { field: 'minRamMib', operator: 'eq' },
  min_disk: { field: 'minDiskGib', operator: 'eq' },
  // Not on the vendor's page, but sent by its Go client.
  size_min: { field: 'sizeBytes', operator: 'gte' },
  size_max: { field: 'sizeBytes', operator: 'lte' },
}

function readNumbers(asked: Asked): readonly NumberBound[] {
  return Object.entries(NUMBERS).flatMap(([parameter, bound]) => {
    const text = asked.get(parameter)
    if (text === undefined) return []
    const value = readWholeNumber(text)
    if (value >= 0) return [{ ...bound, value }]
    throw new ImsFault('query.minimum', `${parameter} must be a whole number, not ${quote(text)}.`)
  })
}

const TIMES = { created_at: 'createdAt', updated_at: 'updatedAt' } as const

function readTimes(asked: Asked): readonly TimeBound[] | 'nothing' {
  const times: TimeBound[] = []
  let isPossible = true
  for (const parameter of ['created_at', 'updated_at'] as const) {
    const text = asked.get(parameter)
    const filter = text === undefined ? 'always' : readTime(parameter, text)
    if (filter === 'never') isPossible = false
    else if (filter !== 'always') times.push({ field: TIMES[parameter], ...filter })
  }
  return isPossible ? times : 'nothing'
}

/** `OPERATOR:TIME`; a time alone means equality. */
function readTime(parameter: string, text: string): TimeFilter {
  const alone = timeFilter('eq', text)
  if (alone !== undefined) return alone
  const colon = text.indexOf(':')
  const operator = TIME_OPERATORS.find((known) => known === text.slice(0, colon))
  const filter = operator && timeFilter(operator, text.slice(colon + 1))
  if (filter !== undefined) return filter
  throw invalid(
    `${parameter} must be OPERATOR:TIME with an operator of ${TIME_OPERATORS.join(', ')} and ` +
      `a time like 2026-11-23T18:20:02Z, not ${quote(text)}.`,
  )
}

/** Read elsewhere; every other `__...` asks for the free property of its name. */
const DERIVED: ReadonlySet<string> = new Set(['__isregistered', '__imagetype'])
/** Values that every image has: no image belongs to an enterprise project. */
const EVERY_ENTERPRISE_PROJECT: ReadonlySet<string> = new Set(['0', 'all_granted_eps'])

/** Other parameters are ignored, as on the Compute API. */
function readProperties(asked: Asked): ReadonlyMap<string, string> {
  const properties = new Map<string, string>()
  for (const [name, value] of asked) {
    if (name.startsWith('__') && !DERIVED.has(name)) {
      // An image that is not a whole one lacks the property.
      if (name !== '__whole_image' || value !== 'false') properties.set(name, value)
    } else if (name === 'virtual_env_type') {
      properties.set(name, value)
    } else if (name === 'enterprise_project_id' && !EVERY_ENTERPRISE_PROJECT.has(value)) {
      properties.set(name, value)
    }
  }
  return properties
}

/** Ties go by creation, then by id, the same way. */
function readSort(asked: Asked): readonly SortKey[] {
  const field = oneOf(asked, 'sort_key', SORT_FIELDS) ?? 'created_at'
  const direction = oneOf(asked, 'sort_dir', DIRECTIONS) ?? 'desc'
  const fields = new Set(field === 'id' ? [field] : [field, 'created_at' as const, 'id' as const])
  return Array.from(fields, (key) => ({ field: key, direction }))
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  const limit = readWholeNumber(text)
  if (limit >= 0 && limit <= LIMIT_MAX) return limit
  throw invalid(`limit must be a whole number from 0 to ${LIMIT_MAX}, not ${quote(text)}.`)
}

/** The parameter's value, if it is given. @throws ImsFault if it is not an allowed word */
function oneOf<Word extends string>(
  asked: Asked,
  parameter: string,
  words: readonly Word[],
  code: ImsFaultCode = 'query.invalid',
): Word | undefined {
  const text = asked.get(parameter)
  if (text === undefined) return undefined
  const word = words.find((known) => known === text)
  if (word !== undefined) return word
  throw new ImsFault(code, `${parameter} must be one of ${words.join(', ')}, not ${quote(text)}.`)
}

function invalid(message: string): ImsFault {
  return new ImsFault('query.invalid', message)
}

function quote(text: string): string {
  return JSON.stringify(cut(text))
}
