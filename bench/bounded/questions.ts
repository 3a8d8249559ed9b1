import type { ImageQuery } from '../../src/image/query.ts'
import type { ImageSearch, SortField } from '../../src/image/search.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { ADMIN, VIEWERS } from '../viewers.ts'
import { LARGE_BYTES, REVISITED_AT } from './hard-images.ts'

/** One question of one caller, for a page of a list. */
export type Question = {
  readonly asked: string
  readonly caller: string
  readonly viewer: Viewer
} & (
  | { readonly api: 'compute'; readonly query: ImageQuery }
  | { readonly api: 'image'; readonly search: ImageSearch }
)

/** Of the hard images most have the one or the other; what is rare stands at the end of the list. */
const FILTERS: Readonly<Record<string, ImageQuery>> = {
  name: { name: 'common' },
  status: { statuses: ['queued'] },
  'other status': { statuses: ['deactivated'] },
  'changes-since': { changesSince: REVISITED_AT },
  minRam: { minRamMib: 512 },
  minDisk: { minDiskGib: 10 },
  type: { properties: new Map([['image_type', 'snapshot']]) },
  property: { properties: new Map([['os_type', 'windows']]) },
  'other property': { properties: new Map([['architecture', 'x86_64']]) },
}

const SEARCHES: Readonly<Record<string, Partial<ImageSearch>>> = {
  '': {},
  size_min: { numbers: [{ field: 'sizeBytes', operator: 'gte', value: LARGE_BYTES }] },
  size_max: { numbers: [{ field: 'sizeBytes', operator: 'lte', value: 0 }] },
  'updated_at=gte': { times: [{ field: 'updatedAt', operator: 'gte', seconds: REVISITED_AT }] },
  'updated_at=lt': { times: [{ field: 'updatedAt', operator: 'lt', seconds: REVISITED_AT }] },
  'created_at=lt': { times: [{ field: 'createdAt', operator: 'lt', seconds: 1_600_000_000 }] },
  'name, size_min': {
    names: ['common'],
    numbers: [{ field: 'sizeBytes', operator: 'gte', value: LARGE_BYTES }],
  },
  'status=queued': { statuses: ['queued'] },
  'disk_format=iso': { diskFormats: ['iso'] },
  'tag, min_disk': {
    tags: ['nightly'],
    numbers: [{ field: 'minDiskGib', operator: 'eq', value: 10 }],
  },
  'protected=true': { isProtected: true },
  'os_hidden=true': { isHidden: true },
  'visibility=shared': { visibility: 'shared' },
  'member_status=pending': { visibility: 'shared', memberStatus: 'pending' },
}

const SORTS: readonly (readonly SortField[])[] = [
  ['created_at'],
  ['updated_at'],
  ['name'],
  ['size'],
  ['status'],
  ['disk_format'],
  ['container_format'],
  ['id'],
  ['status', 'name'],
]

/** Every filter, every two of them, and every order with every bound, for every caller. */
export const QUESTIONS: readonly Question[] = VIEWERS.flatMap((caller) => {
  const viewer = { project: caller.project, isAdmin: caller === ADMIN }
  const compute = pairsOf(Object.entries(FILTERS)).map(([asked, query]) => ({
    asked,
    caller: caller.name,
    viewer,
    api: 'compute' as const,
    query,
  }))
  const image = SORTS.flatMap((fields) =>
    (['asc', 'desc'] as const).flatMap((direction) =>
      Object.entries(SEARCHES).map(([filter, search]) => ({
        asked: `sort=${fields.map((field) => `${field}:${direction}`)} ${filter}`.trim(),
        caller: caller.name,
        viewer,
        api: 'image' as const,
        search: sortedSearch(search, fields, direction),
      })),
    ),
  )
  return [...compute, ...image]
})

function pairsOf(
  filters: readonly (readonly [string, ImageQuery])[],
): readonly (readonly [string, ImageQuery])[] {
  return filters.flatMap(([name, query], at) => [
    [name, query] as const,
    ...filters.slice(at + 1).map(([other, more]) => {
      const properties = new Map([...(query.properties ?? []), ...(more.properties ?? [])])
      const both = { ...query, ...more, ...(properties.size > 0 ? { properties } : {}) }
      return [`${name}, ${other}`, both] as const
    }),
  ])
}

/** As the Image API makes an order whole: each of several keys has its own direction, ties have desc. */
function sortedSearch(
  search: Partial<ImageSearch>,
  fields: readonly SortField[],
  direction: 'asc' | 'desc',
): ImageSearch {
  const rest = fields.length === 1 ? direction : 'desc'
  const ties = (['created_at', 'id'] as const).filter((field) => !fields.includes(field))
  const sort = [
    ...fields.map((field) => ({ field, direction })),
    ...(fields.includes('id') ? [] : ties.map((field) => ({ field, direction: rest }))),
  ]
  return { memberStatus: 'accepted', isHidden: false, ...search, sort }
}
