import type { Image, Member } from './image.ts'
import { isWritable, type Viewer } from './visibility.ts'

/** With whom an image is shared, and who has a say in it. */

/**
 * The members that a viewer of the image sees: the owner and admin see all, others only their own
 * entry. Mirrors glance/db/sqlalchemy/api.py (_image_member_find).
 */
export function membersSeenBy(image: Image, viewer: Viewer): readonly Member[] {
  if (isWritable(image, viewer)) return image.members
  return image.members.filter(({ project }) => project === viewer.project)
}

/**
 * Whether the viewer may accept or reject: the member and admin, not the owner. Mirrors
 * glance/api/v2/image_members.py (_check_visibility_and_ownership).
 */
export function mayAnswer(image: Image, viewer: Viewer): boolean {
  return viewer.isAdmin || !isWritable(image, viewer)
}

/** The image with a member added, or replaced if the project is a member already. */
export function withMember(image: Image, member: Member): Image {
  const others = image.members.filter(({ project }) => project !== member.project)
  const members = [...others, member].sort((a, b) => (a.project < b.project ? -1 : 1))
  return { ...image, members }
}

export function withoutMember(image: Image, project: string): Image {
  return { ...image, members: image.members.filter((member) => member.project !== project) }
}
