import { hash } from 'node:crypto'
import type { Image } from '../../image/image.ts'
import { type ListCall, linkBases } from './call.ts'
import { nextLink } from './next-link.ts'
import type { ListRequest } from './query.ts'
import { printImageBytes } from './view.ts'

const BEGIN = Buffer.from('{"images":[')
const COMMA = Buffer.from(',')

/** A page of a list, printed, with its weak ETag. */
export interface PrintedPage {
  readonly body: Buffer
  readonly entityTag: string
}

/**
 * Prints a short page from images that are mostly printed already. Its ETag is made from the digests
 * of its images and of what follows them, so it too is the same wherever the same page is printed.
 * @param images up to one more than asked for, which tells that there is a next page
 */
export function printPage(
  call: ListCall,
  request: ListRequest,
  images: readonly Image[],
): PrintedPage {
  const bases = linkBases(call)
  const isBrief = call.operation === 'list_images'
  const shown = images.length > request.limit ? images.slice(0, request.limit) : images
  const last = shown.at(-1)
  const end =
    shown.length < images.length && last !== undefined
      ? `],"images_links":${nextLink(call, request, last.id)}}`
      : ']}'
  const pieces: Buffer[] = [BEGIN]
  const digests: Buffer[] = []
  for (const image of shown) {
    const { bytes, digest } = printImageBytes(image, bases, isBrief)
    if (pieces.length > 1) pieces.push(COMMA)
    pieces.push(bytes)
    digests.push(digest)
  }
  const endBytes = Buffer.from(end)
  pieces.push(endBytes)
  digests.push(endBytes)
  const entityTag = `W/"${hash('sha256', Buffer.concat(digests), 'base64url')}"`
  return { body: Buffer.concat(pieces), entityTag }
}
