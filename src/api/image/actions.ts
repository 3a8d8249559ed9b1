import type { GlanceStatus, Image } from '../../image/image.ts'
import { said } from '../request/said.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { changeSeen, checkOwner } from './rights.ts'

/**
 * Deactivates an image, and reactivates it. Mirrors glance/api/v2/image_actions.py and
 * glance/domain/__init__.py (Image.deactivate, Image.reactivate).
 */
function action(verb: string, from: GlanceStatus, to: GlanceStatus): Handler {
  return async (call, deps) => {
    await changeSeen(call, deps, said`No image found with ID ${call.id}`, (image): Image => {
      checkOwner(image, call.viewer)
      if (image.status === to) return image
      if (image.status === from) {
        return { ...image, status: to, updatedAt: Math.max(image.updatedAt, deps.now()) }
      }
      throw new ImageFault(
        'state.forbidden',
        said`Not allowed to ${verb} image in status '${image.status}'`,
      )
    })
    return { status: 204, headers: {}, body: '' }
  }
}

export const deactivateImage = action('deactivate', 'active', 'deactivated')
export const reactivateImage = action('reactivate', 'deactivated', 'active')
