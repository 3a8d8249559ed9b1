import type { Image } from '../image/image.ts'
import { isVisible, type Viewer } from '../image/visibility.ts'
import { CatalogueFault } from './faults.ts'

/** Rules that every managed catalogue shares, wherever it keeps its images. */

/** @throws CatalogueFault 'image.not_found' */
export function existingImage(image: Image | undefined): Image {
  if (image === undefined) throw new CatalogueFault('image.not_found', 'Image not found.')
  return image
}

/** The image after which a page starts. @throws CatalogueFault 'marker.not_found' */
export function markerImage(image: Image | undefined, viewer: Viewer, id: string): Image {
  if (image === undefined || !isVisible(image, viewer)) {
    throw new CatalogueFault('marker.not_found', `No image found with ID ${id}`)
  }
  return image
}

/**
 * A page ends before its images' texts take more than this, as JSON: more than any catalogue needs,
 * and little enough to print a page in one piece. One image of a page may be larger.
 */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024

/** What an image's free properties, tags and members take as JSON: all else of it is small. */
export function textBytesOf({ properties, tags, members }: Image): number {
  return Buffer.byteLength(JSON.stringify([[...properties], tags, members]))
}

/** @throws CatalogueFault 'image.exists', 'property.unstorable' */
export function newImage(image: Image, there: Image | undefined): Image {
  if (there !== undefined) {
    throw new CatalogueFault('image.exists', `Image ID ${image.id} already exists!`)
  }
  return storable(image)
}

/** @throws CatalogueFault 'property.unstorable' */
export function replacement(image: Image, by: Image): Image {
  if (by === image) return image
  if (by.id !== image.id) throw new TypeError('a change of an image must leave its id')
  return storable(by)
}

/** A lone surrogate would come back as U+FFFD, so a filter by it would find nothing. */
function storable(image: Image): Image {
  const texts = [image.name, image.owner, image.diskFormat, image.containerFormat, image.checksum]
  texts.push(image.hashAlgorithm, image.hashValue, ...image.tags)
  for (const [key, value] of image.properties) texts.push(key, value)
  for (const { project } of image.members) texts.push(project)
  const bad = texts.find((text) => text?.isWellFormed() === false)
  if (bad === undefined) return Object.freeze(image)
  throw new CatalogueFault(
    'property.unstorable',
    `${JSON.stringify(bad)} is not well-formed Unicode.`,
  )
}
