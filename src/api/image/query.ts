import type { ImageSearch } from '../../image/search.ts'
import { readPairs, readWholeNumber } from '../request/parameters.ts'
import { ImageFault } from './faults.ts'
import { readFilters } from './filters.ts'
import { readSort } from './sort.ts'

/** Glance's limit_param_default. */
export const LIMIT_DEFAULT = 25
/** Glance's api_limit_max; a request for more gets this many and a `next` link. */
export const LIMIT_MAX = 1000

/** A list request, read. */
export interface ListRequest {
  readonly search: ImageSearch
  /** From 0 to LIMIT_MAX. */
  readonly limit: number
  /** The id to go on after. */
  readonly marker: string | undefined
  /** Every parameter but the marker, for the links; of a repeated one the value that is applied. */
  readonly parameters: readonly (readonly [string, string])[]
}

/** Parameters of which every value is applied; of any other only the last one. */
const REPEATABLE: ReadonlySet<string> = new Set(['tag', 'sort_key', 'sort_dir'])

/**
 * Reads the query string of `GET /v2/images`. Mirrors glance/api/v2/images.py
 * (RequestDeserializer.index). @throws ImageFault 'query.invalid', 'query.not_served'
 */
export function readListRequest(rawQuery: string): ListRequest {
  const pairs = readPairs(rawQuery)
  if (pairs === undefined) {
    throw new ImageFault('query.invalid', 'The query string is not valid UTF-8.')
  }
  const last = new Map(pairs)
  const marker = last.get('marker')
  last.delete('marker')
  const repeated = pairs.filter(([name]) => REPEATABLE.has(name))
  const single = [...last].filter(([name]) => !REPEATABLE.has(name))
  return {
    search: {
      ...readFilters(new Map(single), tagsOf(repeated)),
      sort: readSort([...single, ...repeated]),
    },
    limit: readLimit(last.get('limit')),
    marker: marker?.toLowerCase(),
    parameters: inOrder(pairs, last),
  }
}

function tagsOf(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const tags = pairs.filter(([name]) => name === 'tag').map(([, value]) => value.trim())
  return [...new Set(tags)]
}

/** Each parameter where it came first. */
function inOrder(
  pairs: readonly (readonly [string, string])[],
  last: ReadonlyMap<string, string>,
): readonly (readonly [string, string])[] {
  return Array.from(last).flatMap(([name, value]) =>
    REPEATABLE.has(name) ? pairs.filter(([n]) => n === name) : [[name, value] as const],
  )
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return LIMIT_DEFAULT
  const limit = readWholeNumber(value)
  if (Number.isNaN(limit)) throw new ImageFault('query.invalid', 'limit param must be an integer')
  if (limit < 0) throw new ImageFault('query.invalid', 'limit param must be positive')
  return Math.min(limit, LIMIT_MAX)
}
