import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Face } from '../api/face.ts'
import { hangUpAfterAnswer } from './hang-up.ts'

/** How a request's body reaches a face: whole, as bytes; or, where the face says so, as it comes. */

const streaming = new WeakSet<IncomingMessage>()

/** To be called once the request's headers are there. */
export function noteStreaming(face: Face, request: IncomingMessage): void {
  if (face.streamsBody?.(request.method ?? '', request.url ?? '')) streaming.add(request)
}

/** Whether the body is the face's to read. */
export function isStreaming(request: IncomingMessage): boolean {
  return streaming.has(request)
}

/**
 * A body reaches the face as the bytes that were sent; each face reads it in its own one place. A
 * streamed one stays in the raw request.
 */
export function keepBodiesRaw(app: FastifyInstance, face: Face): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
    isStreaming(request.raw) ? undefined : gather(payload, face.bodyBytesMax),
  )
}

/** The framework's own way stands in the framework's parser alone, which cannot be left out for some. */
async function gather(payload: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  // Leaving early must not close the connection: the refusal is still to be told.
  for await (const piece of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bytesMax) throw new BodyTooLarge()
    pieces.push(piece)
  }
  return Buffer.concat(pieces, bytes)
}

/** Bears the code by which the framework itself would tell. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
  readonly code = 'FST_ERR_CTP_BODY_TOO_LARGE'
  readonly statusCode = 413
}

/**
 * An answer that is made before a streamed body has come ends the connection: the rest may be any
 * number of bytes that nobody wants.
 */
export function closeAfterUnreadBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!isStreaming(raw) || raw.complete) return
  hangUpAfterAnswer(raw.socket)
  reply.header('connection', 'close')
}
