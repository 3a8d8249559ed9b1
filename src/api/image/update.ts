import type { Image } from '../../image/image.ts'
import type { Viewer } from '../../image/visibility.ts'
import { said } from '../request/said.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import {
  checkPropertyCount,
  isField,
  type WorkingCopy,
  withField,
  workingCopyOf,
} from './fields.ts'
import { type Change, readPatch } from './patch-body.ts'
import { changeSeen, checkOwner, checkVisibility } from './rights.ts'
import { printImage } from './view.ts'

/** Changing an image by a JSON patch. Mirrors glance/api/v2/images.py (update). */

/** Answers `PATCH /v2/images/{id}`. @throws ImageFault, CatalogueFault */
export const updateImage: Handler = async (call, deps, incoming) => {
  const changes = await readPatch(incoming)
  const { id, viewer } = call
  const image = await changeSeen(call, deps, said`No image found with ID ${id}`, (image) =>
    changes.length === 0 ? image : changed(image, changes, viewer, deps.now()),
  )
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: printImage(image),
  }
}

function changed(image: Image, changes: readonly Change[], viewer: Viewer, now: number): Image {
  let by = workingCopyOf(image)
  for (const change of changes) by = applied(by, change, viewer)
  const isNew = [...by.properties.keys()].some((name) => !image.properties.has(name))
  if (isNew) checkPropertyCount(by)
  return { ...by, updatedAt: Math.max(image.updatedAt, now) }
}

function applied(image: WorkingCopy, change: Change, viewer: Viewer): WorkingCopy {
  const { name, kind, value } = change
  if (name === 'locations') throw locationsFault(change)
  if (name === 'owner' && kind !== 'remove') checkOwnerChange(image, change, viewer)
  if (name === 'visibility') checkVisibility(value, viewer)
  checkOwner(image, viewer)
  const isThere = isField(name) || image.properties.has(name)
  if (kind === 'add') {
    if (isThere && change.mustBeNew) throw conflict(name, 'already present')
    return withField(image, name, value)
  }
  if (kind === 'remove' && isField(name)) {
    throw new ImageFault('field.forbidden', said`Property ${name} may not be removed.`)
  }
  if (!isThere) throw conflict(name, 'does not exist')
  if (kind === 'replace') return withField(image, name, value)
  image.properties.delete(name)
  return image
}

/**
 * Glance refuses an `add` only if the image is not visible to the caller; here both are treated
 * alike.
 */
function checkOwnerChange(image: Image, { kind, value }: Change, viewer: Viewer): void {
  if (viewer.isAdmin || (kind === 'add' && value === image.owner)) return
  throw new ImageFault('caller.forbidden', "Owner can't be updated by non admin.")
}

function conflict(name: string, problem: string): ImageFault {
  return new ImageFault('field.conflict', said`Property ${name} ${problem}.`)
}

/** As a Glance that shows no locations answers, which is its default. */
function locationsFault({ kind, value }: Change): ImageFault {
  const isEmpty = Array.isArray(value) && value.length === 0
  if (kind === 'replace' && isEmpty) {
    return new ImageFault('field.forbidden', 'Cannot set locations to empty list.')
  }
  const verb = kind === 'replace' ? 'update' : kind
  return new ImageFault(
    'field.forbidden',
    `It's not allowed to ${verb} locations if locations are invisible.`,
  )
}
