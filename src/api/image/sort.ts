import { SORT_FIELDS, type SortField, type SortKey } from '../../image/search.ts'
import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'

/**
 * The order that a list asks for: `sort=KEY:DIRECTION,...`, or `sort_key` and `sort_dir`, each as
 * often as wanted. Mirrors glance/api/v2/images.py (_get_sorting_params) and
 * glance/db/sqlalchemy/api.py (image_get_all), which adds keys that make the order total.
 * @throws ImageFault 'query.invalid'
 */
export function readSort(pairs: readonly (readonly [string, string])[]): readonly SortKey[] {
  const valuesOf = (name: string) => pairs.filter(([n]) => n === name).map(([, value]) => value)
  const sort = valuesOf('sort').at(-1)
  const keys = valuesOf('sort_key')
  const directions = valuesOf('sort_dir')
  if (sort === undefined) {
    return whole(keys.map(readKey), directions.map(readDirection))
  }
  if (keys.length > 0 || directions.length > 0) {
    throw new ImageFault('query.invalid', 'Old and new sorting syntax cannot be combined')
  }
  const asked = sort.split(',').map((item) => {
    const [key = '', direction = ''] = item.split(/:(.*)/s)
    return [readKey(key), readDirection(direction === '' ? 'desc' : direction)] as const
  })
  return whole(
    asked.map(([key]) => key),
    asked.map(([, direction]) => direction),
  )
}

type Direction = SortKey['direction']

/** One direction applies to every key; keys after `id` have no effect. */
function whole(keys: readonly SortField[], directions: readonly Direction[]): readonly SortKey[] {
  const fields: readonly SortField[] = keys.length === 0 ? ['created_at'] : keys
  if (directions.length > 1 && directions.length !== keys.length) {
    throw new ImageFault(
      'query.invalid',
      'Number of sort dirs does not match the number of sort keys',
    )
  }
  const [first = 'desc', ...more] = directions
  const sort = new Map<SortField, Direction>()
  for (const [i, field] of fields.entries()) {
    const direction = more.length === 0 ? first : (directions[i] ?? first)
    if (!sort.has(field)) sort.set(field, direction)
  }
  const rest = more.length === 0 ? first : 'desc'
  for (const field of ['created_at', 'id'] as const) {
    if (!sort.has(field)) sort.set(field, rest)
  }
  const list = Array.from(sort, ([field, direction]) => ({ field, direction }))
  return list.slice(0, list.findIndex(({ field }) => field === 'id') + 1)
}

function readKey(text: string): SortField {
  const key = text.trim()
  const field = SORT_FIELDS.find((known) => known === key)
  if (field !== undefined) return field
  throw new ImageFault(
    'query.invalid',
    said`Invalid sort key: ${key}. It must be one of the following: ${SORT_FIELDS.join(', ')}.`,
  )
}

function readDirection(text: string): Direction {
  const direction = text.trim()
  if (direction === 'asc' || direction === 'desc') return direction
  throw new ImageFault('query.invalid', said`Invalid sort direction: ${direction}`)
}
