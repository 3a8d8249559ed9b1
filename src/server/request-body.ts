import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Face } from '../api/face/face.ts'
import { hangUpAfterAnswer } from './hang-up.ts'

/**
 * How a request's body reaches a face: whole, as bytes; or as a stream, if the face asks for that.
 */

const streaming = new WeakSet<IncomingMessage>()

/** To be called once the request's headers are there. */
export function noteStreaming(face: Face, request: IncomingMessage): void {
  if (face.streamsBody?.(request.method ?? '', request.url ?? '')) streaming.add(request)
}

/** Whether the body is the face's to read. */
export function isStreaming(request: IncomingMessage): boolean {
  return streaming.has(request)
}

/** Calls `act` when the face begins to read a streamed body. */
export function whenRead(request: IncomingMessage, act: () => void): void {
  const listen = (event: string | symbol) => {
    if (event !== 'readable' && event !== 'data') return
    request.off('newListener', listen)
    act()
  }
  request.on('newListener', listen)
}

/**
 * A face gets the body as raw bytes, and parses it in one place. A streamed one stays in the raw
 * request.
 */
export function keepBodiesRaw(app: FastifyInstance, face: Face): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
    isStreaming(request.raw) ? undefined : gather(payload, face.bodyBytesMax),
  )
}

/**
 * Only the framework's parser enforces the framework's limit, and it cannot be skipped for some
 * routes.
 */
async function gather(payload: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  // Leaving early must not close the connection: the refusal is still to be told.
  const body: AsyncIterable<Buffer> = payload.iterator({ destroyOnReturn: false })
  try {
    for await (const piece of body) {
      bytes += piece.length
      if (bytes > bytesMax) throw new BodyTooLarge()
      pieces.push(piece)
    }
  } catch (cause) {
    throw cause instanceof BodyTooLarge ? cause : new BodyCutOff({ cause })
  }
  return Buffer.concat(pieces, bytes)
}

/** Bears the code by which the framework itself would tell. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
  readonly code = 'FST_ERR_CTP_BODY_TOO_LARGE'
  readonly statusCode = 413
}

/** The sender left before the body's end: not an error of this server. */
class BodyCutOff extends Error {
  override readonly name = 'BodyCutOff'
  readonly code = 'ECONNRESET'
  readonly statusCode = 400

  constructor(options: ErrorOptions) {
    super('the request was cut off in its body', options)
  }
}

/**
 * An answer sent before a streamed body has arrived closes the connection: the rest may be any
 * number of unwanted bytes.
 */
export function closeAfterUnreadBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!isStreaming(raw) || raw.complete) return
  // An answer that waits behind another has no socket yet; the request has lost its own where a client
  // that passed it on has given it up.
  const socket = (raw.socket as Socket | null) ?? reply.raw.socket
  if (socket !== null) hangUpAfterAnswer(socket)
  reply.header('connection', 'close')
}
