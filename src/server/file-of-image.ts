import type { GlanceStatus, Image } from '../image/image.ts'

const WITHOUT_DATA: ReadonlySet<GlanceStatus> = new Set(['queued', 'saving', 'killed', 'deleted'])

/** Whether there are files of the image, published or staged, as its row has it. */
export function hasData(image: Image | undefined): image is Image {
  return image !== undefined && !WITHOUT_DATA.has(image.status)
}

/**
 * Whether a file is what the row says that the image has.
 * @param checksum in a published file's name; undefined for a staged one
 */
export function isFileOf(image: Image | undefined, checksum: string | undefined): boolean {
  if (!hasData(image)) return false
  const isWaiting = image.status === 'uploading' || image.status === 'importing'
  return checksum === undefined ? isWaiting : !isWaiting && image.checksum === checksum
}
