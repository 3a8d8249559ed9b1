import type { GlanceStatus, Image } from '../image/image.ts'

const WITHOUT_DATA: ReadonlySet<GlanceStatus> = new Set(['queued', 'saving', 'killed', 'deleted'])

/**
 * Whether a file is what the row says that the image has.
 * @param checksum in a published file's name; undefined for a staged one
 */
export function isFileOf(image: Image | undefined, checksum: string | null | undefined): boolean {
  if (image === undefined || WITHOUT_DATA.has(image.status)) return false
  const isWaiting = image.status === 'uploading' || image.status === 'importing'
  return checksum === undefined ? isWaiting : !isWaiting && image.checksum === checksum
}
