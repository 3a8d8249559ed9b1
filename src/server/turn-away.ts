import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Face, Failure } from '../api/face/face.ts'

/** Refuses a request before its face has seen it, in the face's shape. */
export function turnAway(
  face: Face,
  request: FastifyRequest,
  reply: FastifyReply,
  failure: Failure & { readonly retryAfterS: number },
): void {
  const { contentType, body } = face.printFailure(failure, request.headers.accept ?? '')
  reply.code(failure.status).headers({
    'content-type': contentType,
    'cache-control': 'no-store',
    'retry-after': String(failure.retryAfterS),
  })
  // As bytes: the framework would add a charset to the Content-Type of a text.
  reply.send(Buffer.from(body))
}
