import type { GlanceStatus, Image } from './image.ts'

/**
 * What a list asks for. An absent field is no filter; all present ones must match (AND). Every
 * value is a literal: no operators, no wildcards, case matters.
 */
export interface ImageQuery {
  readonly name?: string
  /** Any of these; an empty list matches nothing. */
  readonly statuses?: readonly GlanceStatus[]
  /** Unix seconds, inclusive: `updatedAt >= changesSince`. */
  readonly changesSince?: number
  /** Must equal the image's own value; NaN (given, but not a whole number) matches nothing. */
  readonly minRamMib?: number
  /** Equality with the image's own value; NaN matches nothing. */
  readonly minDiskGib?: number
  /** Free properties, each equal to the text given. */
  readonly properties?: ReadonlyMap<string, string>
}

/** Whether an image matches the query. Visibility is checked elsewhere. */
export function matches(image: Image, query: ImageQuery): boolean {
  if (query.name !== undefined && image.name !== query.name) return false
  if (query.statuses !== undefined && !query.statuses.includes(image.status)) return false
  if (query.changesSince !== undefined && image.updatedAt < query.changesSince) return false
  if (query.minRamMib !== undefined && image.minRamMib !== query.minRamMib) return false
  if (query.minDiskGib !== undefined && image.minDiskGib !== query.minDiskGib) return false
  for (const [key, value] of query.properties ?? []) {
    if (image.properties.get(key) !== value) return false
  }
  return true
}

/** Whether no image can match, so that no catalogue need be asked. */
export function isEmptyQuery(query: ImageQuery): boolean {
  return (
    query.statuses?.length === 0 || Number.isNaN(query.minRamMib) || Number.isNaN(query.minDiskGib)
  )
}
