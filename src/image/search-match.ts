import type { Image } from './image.ts'
import type { ImageSearch, NumberBound, TimeBound } from './search.ts'
import { isGone, isOwn, isSharedWith, type Viewer } from './visibility.ts'

/** Whether a search of the viewer's finds the image. */
export function matchesSearch(image: Image, viewer: Viewer, search: ImageSearch): boolean {
  return (
    isFound(image, viewer, search) &&
    holdsLists(image, search) &&
    holdsValues(image, search) &&
    (search.numbers ?? []).every((bound) => holdsNumber(image, bound)) &&
    (search.times ?? []).every((bound) => holdsTime(image, bound))
  )
}

/**
 * Who sees what in a search. Mirrors glance/db/sqlalchemy/api.py (image_get_all,
 * _select_images_query), except that nothing is shared with an unscoped viewer. Unlike in Glance,
 * killed images are found: here they can be imported, and Compute lists them.
 */
function isFound(image: Image, viewer: Viewer, search: ImageSearch): boolean {
  if (isGone(image) || image.isHidden !== search.isHidden) return false
  const own = isOwn(image, viewer)
  if (search.visibility === undefined) {
    if (image.visibility === 'community' && !own) return false
  } else if (search.visibility !== 'all' && image.visibility !== search.visibility) {
    return false
  }
  if (viewer.isAdmin || own) return true
  if (image.visibility === 'public' || image.visibility === 'community') return true
  const { memberStatus } = search
  return isSharedWith(image, viewer, memberStatus === 'all' ? undefined : memberStatus)
}

function holdsLists(image: Image, search: ImageSearch): boolean {
  const { ids, names, statuses, diskFormats, containerFormats, tags, properties } = search
  if (ids !== undefined && !ids.includes(image.id)) return false
  if (names !== undefined && !isOneOf(image.name, names)) return false
  if (statuses !== undefined && !statuses.includes(image.status)) return false
  if (diskFormats !== undefined && !isOneOf(image.diskFormat, diskFormats)) return false
  if (containerFormats !== undefined && !isOneOf(image.containerFormat, containerFormats)) {
    return false
  }
  if (tags?.every((tag) => image.tags.includes(tag)) === false) return false
  for (const [key, value] of properties ?? []) {
    if (image.properties.get(key) !== value) return false
  }
  return true
}

function isOneOf(text: string | null, list: readonly string[]): boolean {
  return text !== null && list.includes(text)
}

function holdsValues(image: Image, search: ImageSearch): boolean {
  const { owner, isProtected, checksum, hashValue } = search
  return (
    (owner === undefined || image.owner === owner) &&
    (isProtected === undefined || image.isProtected === isProtected) &&
    (checksum === undefined || image.checksum === checksum) &&
    (hashValue === undefined || image.hashValue === hashValue)
  )
}

function holdsNumber(image: Image, { field, operator, value }: NumberBound): boolean {
  const held = image[field]
  if (held === null) return false
  if (operator === 'eq') return held === value
  return operator === 'gte' ? held >= value : held <= value
}

function holdsTime(image: Image, { field, operator, seconds }: TimeBound): boolean {
  const held = image[field]
  switch (operator) {
    case 'eq':
      return held === seconds
    case 'neq':
      return held !== seconds
    case 'gt':
      return held > seconds
    case 'gte':
      return held >= seconds
    case 'lt':
      return held < seconds
    case 'lte':
      return held <= seconds
  }
}
