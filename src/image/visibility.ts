import type { Image, MemberStatus } from './image.ts'

/** The viewer: the project of the token (none if unscoped), and whether the viewer is admin. */
export interface Viewer {
  readonly project: string | null
  readonly isAdmin: boolean
}

/**
 * Whether a list shows the image. Own images of any visibility, public ones, and shared ones once
 * accepted; for admin also everyone's private and shared. Hidden images never, nor others'
 * community images. Mirrors glance/db/sqlalchemy/api.py (_select_images_query) as Nova asks it.
 */
export function isListed(image: Image, viewer: Viewer): boolean {
  if (image.isHidden || isGone(image)) return false
  if (isOwn(image, viewer) || image.visibility === 'public') return true
  if (image.visibility === 'community') return false
  return viewer.isAdmin || isSharedWith(image, viewer, 'accepted')
}

/**
 * Whether the image answers by its id (and serves as a marker): all that a list shows, and also
 * community images, hidden ones, and those shared with the viewer whatever the member status.
 * Admin sees every image. Mirrors glance/db/sqlalchemy/api.py (is_image_visible).
 */
export function isVisible(image: Image, viewer: Viewer): boolean {
  if (isGone(image)) return false
  if (viewer.isAdmin || isOwn(image, viewer)) return true
  if (image.visibility === 'public' || image.visibility === 'community') return true
  return isSharedWith(image, viewer)
}

/** Whether the viewer may change or delete an image that they can see: its owner, or admin. */
export function isWritable(image: Image, viewer: Viewer): boolean {
  return viewer.isAdmin || isOwn(image, viewer)
}

/** Whether the viewer's project owns the image. */
export function isOwn(image: Image, viewer: Viewer): boolean {
  return viewer.project !== null && image.owner === viewer.project
}

/** Whether the image is shared with the viewer's project, with this member status. */
export function isSharedWith(image: Image, viewer: Viewer, status?: MemberStatus): boolean {
  if (image.visibility !== 'shared' || viewer.project === null) return false
  const member = image.members.find((m) => m.project === viewer.project)
  return member !== undefined && (status === undefined || member.status === status)
}

/**
 * Deleted images leave no record; pending ones wait for their data to be deleted. Neither shows.
 */
export function isGone(image: Image): boolean {
  return image.status === 'deleted' || image.status === 'pending_delete'
}
