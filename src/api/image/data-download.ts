import type { Answer } from './call.ts'
import { noImage } from './data-upload.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { readRange } from './range.ts'
import { seenImage } from './rights.ts'

/** For example after `afterimage import`, which imports documents without data. */
const WITHOUT_FILE =
  'an image that should have data has no file here; upload the data to a new image, or put the ' +
  'file into the folder of image files as ID.MD5'

/** `GET /v2/images/{id}/file`. Mirrors glance/api/v2/image_data.py (download). */
export const downloadData: Handler = async (call, deps, incoming) => {
  const { headers, raw } = incoming
  const image = await seenImage(call, deps, noImage(call.id))
  if (image.status === 'deactivated' && !call.viewer.isAdmin) {
    const message = 'The requested image has been deactivated. Image data download is forbidden.'
    throw new ImageFault('state.forbidden', message)
  }
  const data = await deps.data.files.open(image)
  if (data === undefined) {
    // It may have been deleted since its row was read, and made again.
    const now = await seenImage(call, deps, noImage(call.id))
    if (now.checksum !== image.checksum) return downloadData(call, deps, incoming)
    if (image.checksum !== null) deps.data.warn({ image: image.id }, WITHOUT_FILE)
    return { status: 204, headers: {}, body: '' }
  }
  try {
    if (data.sizeBytes !== image.sizeBytes) {
      throw new Error(
        `the file of image ${image.id} has ${data.sizeBytes} bytes, its row says ${image.sizeBytes}`,
      )
    }
    const range = readRange(headers, data.sizeBytes)
    const start = range?.start ?? 0
    const end = range?.end ?? data.sizeBytes
    const answer: Omit<Answer, 'body'> = {
      status: range === undefined ? 200 : 206,
      headers: {
        'content-type': 'application/octet-stream',
        ...(range && { 'content-range': `bytes ${start}-${end - 1}/${data.sizeBytes}` }),
        'content-md5': image.checksum ?? '',
        'content-length': String(end - start),
      },
    }
    if (raw.method === 'HEAD') {
      await data.close()
      return { ...answer, body: '' }
    }
    return { ...answer, body: data.read(start, end) }
  } catch (error) {
    await data.close()
    throw error
  }
}
