import type { Image } from '../image/image.ts'
import { isVisible, type Viewer } from '../image/visibility.ts'
import { CatalogueFault } from './faults.ts'

/** What managed catalogues hold of their images alike, wherever those are kept. */

/** @throws CatalogueFault 'image.not_found' */
export function existingImage(image: Image | undefined): Image {
  if (image === undefined) throw new CatalogueFault('image.not_found', 'Image not found.')
  return image
}

/** The image that a page goes on after. @throws CatalogueFault 'marker.not_found' */
export function markerImage(image: Image | undefined, viewer: Viewer, id: string): Image {
  if (image === undefined || !isVisible(image, viewer)) {
    throw new CatalogueFault('marker.not_found', `No image found with ID ${id}`)
  }
  return image
}

/**
 * Texts of the images of one page, in characters: once there are so many, it ends. Larger than any
 * catalogue needs, and small enough to print a page in one piece.
 */
export const PAGE_CHARACTERS_MAX = 32 * 1024 * 1024

/** The characters of an image's free properties: all else of it is small. */
export function charactersOf(image: Image): number {
  let characters = 0
  for (const [key, value] of image.properties) characters += key.length + (value?.length ?? 0)
  return characters
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

/** Half a character would come back as U+FFFD, and what was asked for would not be found. */
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
