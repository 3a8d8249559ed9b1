import type { IncomingHttpHeaders } from 'node:http'
import type { Image } from '../../image/image.ts'
import { mayBecome, missingFormats } from '../../image/transitions.ts'
import { isWritable } from '../../image/visibility.ts'
import type { Claim, Received } from '../../image-data/image-files.ts'
import { said } from '../request/said.ts'
import type { Answer, Incoming } from './call.ts'
import { activate, withClaim, wrongTransition } from './data-bring.ts'
import type { Handler } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { checkOwner, isNotFound, seenImage } from './rights.ts'

const NO_CONTENT: Answer = { status: 204, headers: {}, body: '' }

/** `PUT /v2/images/{id}/file`. Mirrors glance/api/v2/image_data.py (upload). */
export const uploadData: Handler = async (call, deps, incoming) => {
  checkMediaType(incoming.headers)
  const image = await seenImage(call, deps, noImage(call.id))
  if (!isWritable(image, call.viewer)) {
    const message = said`Not allowed to upload image data for image ${image.id}`
    throw new ImageFault('caller.forbidden', message)
  }
  if (!mayBecome(image.status, 'saving')) throw wrongTransition(image.status, 'saving')
  checkFormats(image)
  await withClaim(deps, image.id, 'saving', async (claim) => {
    const received = await receive(claim, incoming)
    await activate(deps, claim, image.id, 'saving', received)
  })
  return NO_CONTENT
}

/** `PUT /v2/images/{id}/stage`. Mirrors the same file (stage). */
export const stageData: Handler = async (call, deps, incoming) => {
  checkMediaType(incoming.headers)
  const image = await seenImage(call, deps, noImage(call.id))
  checkOwner(image, call.viewer)
  if (!mayBecome(image.status, 'uploading')) throw wrongTransition(image.status, 'uploading')
  await withClaim(deps, image.id, 'uploading', async (claim) => {
    const { sizeBytes } = await receive(claim, incoming)
    await claim.stage()
    const gone = new ImageFault('image.not_found', noImage(image.id))
    try {
      await deps.catalogue.update(image.id, (now) => {
        if (now.status !== 'uploading') throw gone
        return { ...now, sizeBytes, updatedAt: deps.now() }
      })
    } catch (error) {
      throw isNotFound(error) ? gone : error
    }
  })
  return NO_CONTENT
}

/** In Glance's words. */
export function noImage(id: string): string {
  return said`No image found with ID ${id}`
}

/** Mirrors glance/domain/__init__.py (Image.status). */
function checkFormats(image: Image): void {
  const missing = missingFormats(image)
  if (missing.length === 0) return
  const names = `${missing.length === 1 ? 'Property' : 'Properties'} ${missing.join(', ')}`
  throw new ImageFault('body.invalid', `${names} must be set prior to saving data.`)
}

const DATA_TYPE = 'application/octet-stream'

/** Mirrors glance/common/wsgi.py (Request.get_content_type). */
function checkMediaType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === DATA_TYPE) return
  const message = said`The request media type ${type || '(none)'} is not supported by this server.`
  throw new ImageFault('body.media_type', message)
}

async function receive(claim: Claim, { raw, headers }: Incoming): Promise<Received> {
  const length = headers['content-length']
  // Leaving the body early does not close the connection, so that a refusal can still be told.
  const body = { [Symbol.asyncIterator]: () => raw.iterator({ destroyOnReturn: false }) }
  try {
    return await claim.receive(body, length === undefined ? undefined : Number(length))
  } catch (error) {
    const hasBrokenOff = raw.destroyed && !raw.complete
    throw hasBrokenOff ? new ImageFault('request.malformed', 'The data broke off.') : error
  }
}
