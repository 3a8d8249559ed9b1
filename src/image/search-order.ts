import type { Image } from './image.ts'
import type { SortField, SortKey } from './search.ts'

/**
 * Negative if `a` comes before `b` in this order. Ascending, an unset value comes first, as in
 * Glance's databases; texts are in order of their code points.
 */
export function compareInSearch(a: Image, b: Image, sort: readonly SortKey[]): number {
  for (const { field, direction } of sort) {
    const order = compareValues(sortValue(a, field), sortValue(b, field))
    if (order !== 0) return direction === 'asc' ? order : -order
  }
  return 0
}

type SortValue = string | number | null

function sortValue(image: Image, field: SortField): SortValue {
  switch (field) {
    case 'name':
      return image.name
    case 'status':
      return image.status
    case 'container_format':
      return image.containerFormat
    case 'disk_format':
      return image.diskFormat
    case 'size':
      return image.sizeBytes
    case 'id':
      return image.id
    case 'created_at':
      return image.createdAt
    case 'updated_at':
      return image.updatedAt
  }
}

function compareValues(a: SortValue, b: SortValue): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  return a < b ? -1 : 1
}

/** Code units compare like code points, except surrogates, which stand for the highest ones. */
function compareTexts(a: string, b: string): number {
  let at = 0
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1
  if (at >= a.length || at >= b.length) return a.length - b.length
  const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)]
  const [isHighA, isHighB] = [isSurrogate(unitA), isSurrogate(unitB)]
  if (isHighA !== isHighB) return isHighA ? 1 : -1
  return unitA - unitB
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
