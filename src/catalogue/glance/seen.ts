import type { Image } from '../../image/image.ts'
import { isWritable, type Viewer } from '../../image/visibility.ts'

/**
 * Glance decides what a viewer may see and do; here that is only narrowed where Glance shows more
 * than Nova would: an unscoped token gets every image that is shared with anybody
 * (glance/db/sqlalchemy/api.py, _select_images_query and is_image_visible with no owner).
 */
export interface Judge {
  /** A parameter of the list that narrows it; empty for none. */
  readonly listFilter: (viewer: Viewer) => string
  readonly mayList: (image: Image, viewer: Viewer) => boolean
  readonly maySee: (image: Image, viewer: Viewer) => boolean
  /** Whether the viewer is known not to be one who may change the image. */
  readonly mayNotWrite: (image: Image, viewer: Viewer) => boolean
  /** Whether Glance's judgement of who sees an image needs no narrowing. */
  readonly isLeftToGlance: (viewer: Viewer) => boolean
  /**
   * The same of the marker of a list. Glance lets an administrator's list go on after a deleted
   * image, which it does not show (glance/context.py, can_see_deleted).
   */
  readonly isMarkerLeftToGlance: (viewer: Viewer) => boolean
}

export function judgeOf(areViewersKnown: boolean): Judge {
  const isStranger = ({ project, isAdmin }: Viewer) =>
    areViewersKnown && project === null && !isAdmin
  return {
    listFilter: (viewer) => (isStranger(viewer) ? 'visibility=public' : ''),
    mayList: (image, viewer) =>
      !image.isHidden && !isGone(image) && (!isStranger(viewer) || image.visibility === 'public'),
    maySee: (image, viewer) =>
      !isGone(image) &&
      (!isStranger(viewer) || image.visibility === 'public' || image.visibility === 'community'),
    mayNotWrite: (image, viewer) => areViewersKnown && !isWritable(image, viewer),
    isLeftToGlance: (viewer) => !isStranger(viewer),
    isMarkerLeftToGlance: (viewer) => !isStranger(viewer) && !(areViewersKnown && viewer.isAdmin),
  }
}

function isGone({ status }: Image): boolean {
  return status === 'deleted' || status === 'pending_delete'
}
