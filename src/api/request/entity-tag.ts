import { hash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

/**
 * The ETag of a body (RFC 9110, 8.8.3). It is made of the bytes alone, so every process and replica
 * gives the same one. It is weak, as the compressed form of the body has the same one.
 */
export function entityTagOf(body: Buffer): string {
  return `W/"${hash('sha256', body, 'base64url')}"`
}

/**
 * Whether `If-None-Match` names what would be answered (RFC 9110, 13.1.2). A tag of ours holds no
 * quotation mark, so it cannot be a part of another one. `*` names nothing that the caller has, and
 * gets the answer, as Nova gives it.
 */
export function isKnown(ifNoneMatch: string | undefined, entityTag: string): boolean {
  return ifNoneMatch?.includes(entityTag.slice('W/'.length)) === true
}

/**
 * Sends the body with its ETag; to a caller who has it already, 304 without it. For answers to GET
 * and HEAD with 200.
 */
export function sendUnlessKnown(
  reply: FastifyReply,
  body: Buffer,
  entityTag = entityTagOf(body),
): FastifyReply {
  reply.header('etag', entityTag)
  if (!isKnown(reply.request.headers['if-none-match'], entityTag)) return reply.send(body)
  return reply.code(304).removeHeader('content-type').send()
}
