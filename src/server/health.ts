import type { FastifyInstance } from 'fastify'

/**
 * `GET /healthcheck` on every port, no token needed: 200 `OK`; HEAD is 204. Mirrors
 * oslo_middleware/healthcheck/__init__.py, JSON answer included.
 */
export function addHealthcheck(app: FastifyInstance): void {
  app.get('/healthcheck', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (request.headers.accept?.includes('application/json')) {
      return reply.type('application/json').send('{"detailed":false,"reasons":["OK"]}')
    }
    return reply.type('text/plain; charset=UTF-8').send('OK')
  })
  app.head('/healthcheck', async (_request, reply) => reply.code(204).send())
}
