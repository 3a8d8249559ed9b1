import { CatalogueFault } from '../../catalogue/faults.ts'
import type { Image } from '../../image/image.ts'
import { isVisible, isWritable, type Viewer } from '../../image/visibility.ts'
import type { Call } from './call.ts'
import type { ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'

/** Who may do what to an image, as Glance's default policies have it (glance/api/v2/policy.py). */

/** An image that the caller sees. @throws ImageFault 'image.not_found', with this message */
export async function seenImage(
  { id, viewer }: Pick<Call, 'id' | 'viewer'>,
  { catalogue }: ImageDependencies,
  notFound: string,
): Promise<Image> {
  const image = await catalogue.find(id.toLowerCase())
  if (image !== undefined && isVisible(image, viewer)) return image
  throw new ImageFault('image.not_found', notFound)
}

/**
 * Changes an image that the caller sees, in one transaction; what `change` throws goes on.
 * @throws ImageFault 'image.not_found', in the words given
 */
export async function changeSeen(
  { id, viewer }: Pick<Call, 'id' | 'viewer'>,
  { catalogue }: ImageDependencies,
  notFound: string,
  change: (image: Image) => Image,
): Promise<Image> {
  try {
    return await catalogue.update(id.toLowerCase(), (image) => {
      checkSeen(image, viewer)
      return change(image)
    })
  } catch (error) {
    throw isNotFound(error) ? new ImageFault('image.not_found', notFound) : error
  }
}

/** @throws CatalogueFault 'image.not_found' */
export function checkSeen(image: Image, viewer: Viewer): void {
  if (!isVisible(image, viewer)) throw new CatalogueFault('image.not_found', 'Image not found.')
}

export function isNotFound(error: unknown): boolean {
  return error instanceof CatalogueFault && error.code === 'image.not_found'
}

/** @throws ImageFault 'caller.forbidden'. Mirrors glance/api/v2/policy.py (check_is_image_mutable). */
export function checkOwner(image: Image, viewer: Viewer): void {
  if (isWritable(image, viewer)) return
  throw new ImageFault('caller.forbidden', 'You do not own this image')
}

/** Only admin makes an image public. @throws ImageFault 'caller.forbidden' */
export function checkVisibility(visibility: unknown, viewer: Viewer): void {
  if (visibility === 'public' && !viewer.isAdmin) throw notAuthorized('publicize_image')
}

/** @param policy Glance's name of the refused policy. */
export function notAuthorized(policy: string): ImageFault {
  return new ImageFault('caller.forbidden', `You are not authorized to complete ${policy} action.`)
}
