import { said } from '../request/said.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { checkOwner, checkSeen, isNotFound } from './rights.ts'

/** Answers `DELETE /v2/images/{id}`; the catalogue frees the image's bytes. Mirrors glance/api/v2/images.py (delete). */
export const deleteImage: Handler = async ({ id, viewer }, deps) => {
  try {
    await deps.catalogue.remove(id.toLowerCase(), (image) => {
      checkSeen(image, viewer)
      checkOwner(image, viewer)
      if (!image.isProtected) return
      throw new ImageFault(
        'image.protected',
        `Image ${image.id} is protected and cannot be deleted.`,
      )
    })
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new ImageFault('image.not_found', said`Failed to find image ${id} to delete`)
  }
  return { status: 204, headers: {}, body: '' }
}
