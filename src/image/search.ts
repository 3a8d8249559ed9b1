import type { GlanceStatus, MemberStatus, Visibility } from './image.ts'

/**
 * What the Image service's own list asks for. An absent field is no filter; all present ones must
 * match (AND). Mirrors glance/db/sqlalchemy/api.py (_make_conditions_from_filters,
 * _select_images_query).
 */
export interface ImageSearch {
  /** Each: any of these. */
  readonly ids?: readonly string[]
  readonly names?: readonly string[]
  readonly statuses?: readonly GlanceStatus[]
  readonly diskFormats?: readonly string[]
  readonly containerFormats?: readonly string[]
  /** 'all': also others' community images; absent: all but those. */
  readonly visibility?: Visibility | 'all'
  /** Which shared images of others: by the viewer's own member status. */
  readonly memberStatus: MemberStatus | 'all'
  readonly owner?: string
  /** All of these. */
  readonly tags?: readonly string[]
  readonly isHidden: boolean
  readonly isProtected?: boolean
  readonly checksum?: string
  readonly hashValue?: string
  /** All of these; a NaN value matches nothing. */
  readonly numbers?: readonly NumberBound[]
  /** All of these. */
  readonly times?: readonly TimeBound[]
  /** Free properties, each equal to the text given. */
  readonly properties?: ReadonlyMap<string, string>
  /** Sorted by the first key, ties by the next; the last is always `id`. */
  readonly sort: readonly SortKey[]
}

export interface NumberBound {
  readonly field: 'sizeBytes' | 'virtualSizeBytes' | 'minRamMib' | 'minDiskGib'
  /** An unset size satisfies none of them. */
  readonly operator: 'eq' | 'gte' | 'lte'
  readonly value: number
}

export interface TimeBound {
  readonly field: 'createdAt' | 'updatedAt'
  readonly operator: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte'
  /** Unix seconds. */
  readonly seconds: number
}

/** Mirrors glance/api/v2/images.py (get_sort_keys, available_sort_keys). */
export const SORT_FIELDS = [
  'name',
  'status',
  'container_format',
  'disk_format',
  'size',
  'id',
  'created_at',
  'updated_at',
] as const
export type SortField = (typeof SORT_FIELDS)[number]

export interface SortKey {
  readonly field: SortField
  readonly direction: 'asc' | 'desc'
}
