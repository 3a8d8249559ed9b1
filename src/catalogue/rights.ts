import type { Image } from '../image/image.ts'
import { isVisible, isWritable, type Viewer } from '../image/visibility.ts'
import { CatalogueFault } from './faults.ts'

/** The image, if the viewer may see it. @throws CatalogueFault 'image.not_found' */
export function visibleImage(image: Image | undefined, viewer: Viewer): Image {
  if (image === undefined || !isVisible(image, viewer)) {
    throw new CatalogueFault('image.not_found', 'Image not found.')
  }
  return image
}

/** The image, if the viewer may change it. @throws CatalogueFault 'image.not_found', 'image.not_writable' */
export function writableImage(image: Image | undefined, viewer: Viewer): Image {
  const visible = visibleImage(image, viewer)
  if (!isWritable(visible, viewer)) {
    throw new CatalogueFault('image.not_writable', `Not authorized for image ${visible.id}.`)
  }
  return visible
}

/** The image, if the viewer may delete it. @throws CatalogueFault also 'image.protected' */
export function deletableImage(image: Image | undefined, viewer: Viewer): Image {
  const writable = writableImage(image, viewer)
  if (writable.isProtected) {
    throw new CatalogueFault('image.protected', 'You are not allowed to delete the image.')
  }
  return writable
}
