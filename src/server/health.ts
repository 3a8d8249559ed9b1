import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Asked } from '../api/request/asked.ts'

/** Whether this is `GET` or `HEAD /healthcheck`, which every port answers without a token. */
export function isHealthcheck({ method, raw }: Pick<Asked, 'method' | 'raw'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return raw.url === '/healthcheck' || raw.url?.startsWith('/healthcheck?') === true
}

/** 200 `OK`; HEAD is 204. Mirrors oslo_middleware/healthcheck/__init__.py, JSON answer included. */
export function answerHealthcheck(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('cache-control', 'no-store')
  if (request.method === 'HEAD') return reply.code(204).send()
  if (request.headers.accept?.includes('application/json')) {
    return reply.type('application/json').send('{"detailed":false,"reasons":["OK"]}')
  }
  return reply.type('text/plain; charset=UTF-8').send('OK')
}
