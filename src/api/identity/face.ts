import type { FastifyReply, FastifyRequest } from 'fastify'
import { SignInFault } from '../../identity/token-service.ts'
import { allowCompression } from '../face/compressible.ts'
import { endpointUrl } from '../face/endpoints.ts'
import type { Face } from '../face/face.ts'
import { resolveBaseUrl } from '../request/base-url.ts'
import { clientAddress } from '../request/client-address.ts'
import type { Answer, IdentityDependencies } from './call.ts'
import type { Endpoints } from './catalog.ts'
import { faultBody, faultOf, KeystoneFault } from './faults.ts'
import { allowedBy, findRoute, handlerOf, operationOn, routeAt, routeOf } from './routes.ts'

/** The largest sign-in is a few kilobytes; this leaves room for a long token. */
const BODY_BYTES_MAX = 64 * 1024
const JSON_TYPE = 'application/json'

/** Keystone v3, with the v2.0 sign-in that old clients still use. */
export function identityFace(deps: IdentityDependencies): Face {
  return {
    name: 'identity',
    requestIdHeaders: ['x-openstack-request-id'],
    bodyBytesMax: BODY_BYTES_MAX,
    operationOf,
    routeOf,
    printFailure: ({ status, message }) => ({
      contentType: JSON_TYPE,
      body: faultBody(status, message),
    }),
    register(app) {
      // One handler for every path and method: ROUTES decides between 404 and 405.
      app.setNotFoundHandler((request, reply) => serve(deps, request, reply))
    },
  }
}

async function serve(
  deps: IdentityDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header('vary', 'X-Auth-Token').header('cache-control', 'no-store')
  const endpoints = endpointsFor(request, deps)
  try {
    const target = readTarget(request)
    const { route, ...ids } = findRoute(target.segments)
    if (!route.holdsSecret) allowCompression(reply)
    if (request.method === 'OPTIONS') {
      return reply.code(200).header('allow', allowedBy(route)).send()
    }
    const handler = handlerOf(route, request.method)
    if (endpoints === undefined) {
      throw new KeystoneFault(400, 'The request has no Host header, or one that is not valid.')
    }
    const { users, callerLimits } = deps
    const address = clientAddress(request, deps.baseUrl.trustedProxies)
    const { query } = target
    const call = { request, users, callerLimits, endpoints, address, ...ids, query }
    const answer = await handler(call)
    if (route.isPublic) reply.removeHeader('cache-control')
    return send(reply, answer)
  } catch (error) {
    const fault = faultOf(error)
    if (fault === undefined) throw error
    if (fault.status >= 500 && !isLoggedElsewhere(error))
      request.log.warn({ err: error }, 'sign-in service failed')
    if (fault.status === 401 && endpoints !== undefined) {
      reply.header('www-authenticate', `Keystone uri="${endpoints.identity}/v3"`)
    }
    reply.code(fault.status).headers(fault.headers)
    return sendJson(reply, faultBody(fault.status, fault.message))
  }
}

/** The watch of the writes logs it, once a minute. */
function isLoggedElsewhere(error: unknown): boolean {
  return error instanceof SignInFault && error.code === 'service.unwritable'
}

/** Where the caller finds the faces; undefined when the request has no proper Host. */
function endpointsFor(request: FastifyRequest, deps: IdentityDependencies): Endpoints | undefined {
  const identity = resolveBaseUrl(request, deps.baseUrl)
  if (identity === undefined) return undefined
  return {
    compute: endpointUrl(identity, deps.compute),
    image: endpointUrl(identity, deps.image),
    identity,
  }
}

function send(reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  return body === undefined ? reply.send() : sendJson(reply, JSON.stringify(body))
}

/** As bytes: to text Fastify would add a charset, which Keystone does not send. */
function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header('content-type', JSON_TYPE).send(Buffer.from(json))
}

function operationOf(request: FastifyRequest): string {
  const { segments } = parseTarget(request)
  const route = segments && routeAt(segments)?.route
  if (route === undefined) return 'unknown'
  return request.method === 'OPTIONS' ? 'options' : (operationOn(route, request.method) ?? 'other')
}

function readTarget(request: FastifyRequest) {
  const { segments, query } = parseTarget(request)
  if (segments !== undefined) return { segments, query: new URLSearchParams(query) }
  throw new KeystoneFault(400, 'The path is not valid: a percent sign begins no character in it.')
}

/** Empty segments do not count: clients make `//v3` of an address with a slash at its end. */
function parseTarget(request: FastifyRequest) {
  const url = (request.raw.url ?? '').replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  const queryAt = url.indexOf('?')
  const path = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = queryAt < 0 ? '' : url.slice(queryAt + 1)
  try {
    const segments = path.split('/').filter((segment) => segment !== '')
    return { segments: segments.map(decodeURIComponent), query }
  } catch {
    return { segments: undefined, query }
  }
}
