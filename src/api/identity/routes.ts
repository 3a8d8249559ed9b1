import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Face } from '../face.ts'
import type { Answer, Call, IdentityFaceDeps } from './call.ts'
import { faultBody, faultOf, KeystoneFault } from './faults.ts'
import {
  listDomains,
  listOwnDomains,
  listOwnProjects,
  listOwnSystems,
  listProjects,
  listRoles,
  listTenants,
  listUserProjects,
  listUsers,
  showDomain,
  showProject,
  showUser,
} from './resources.ts'
import { createToken, createTokenV2, revokeToken, showCatalog, showToken } from './tokens.ts'
import { versionList, versionThree, versionTwo } from './version-documents.ts'

/** The largest sign-in is a few kilobytes; this leaves room for a long token. */
const BODY_BYTES_MAX = 64 * 1024
const JSON_TYPE = 'application/json'

type Handler = (call: Call) => Promise<Answer> | Answer

interface Route {
  /** `:id` takes any one segment. */
  readonly path: string
  readonly handlers: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>
  /** Has no secrets: may be kept by a cache. */
  readonly isPublic?: boolean
}

const ROUTES: readonly Route[] = [
  {
    path: '',
    handlers: { GET: ({ endpoints }) => ({ status: 300, body: versionList(endpoints) }) },
    isPublic: true,
  },
  {
    path: 'v3',
    handlers: {
      GET: ({ endpoints }) => ({ status: 200, body: { version: versionThree(endpoints) } }),
    },
    isPublic: true,
  },
  {
    path: 'v2.0',
    handlers: {
      GET: ({ endpoints }) => ({ status: 200, body: { version: versionTwo(endpoints) } }),
    },
    isPublic: true,
  },
  {
    path: 'v3/auth/tokens',
    handlers: { GET: showToken, POST: createToken, DELETE: revokeToken },
  },
  { path: 'v3/auth/catalog', handlers: { GET: showCatalog } },
  { path: 'v3/auth/projects', handlers: { GET: listOwnProjects } },
  { path: 'v3/auth/domains', handlers: { GET: listOwnDomains } },
  { path: 'v3/auth/system', handlers: { GET: listOwnSystems } },
  { path: 'v3/projects', handlers: { GET: listProjects } },
  { path: 'v3/projects/:id', handlers: { GET: showProject } },
  { path: 'v3/users', handlers: { GET: listUsers } },
  { path: 'v3/users/:id', handlers: { GET: showUser } },
  { path: 'v3/users/:id/projects', handlers: { GET: listUserProjects } },
  { path: 'v3/roles', handlers: { GET: listRoles } },
  { path: 'v3/domains', handlers: { GET: listDomains } },
  { path: 'v3/domains/:id', handlers: { GET: showDomain } },
  { path: 'v2.0/tokens', handlers: { POST: createTokenV2 } },
  { path: 'v2.0/tenants', handlers: { GET: listTenants } },
]

/** Keystone v3, with the v2.0 sign-in that old clients still use. */
export function identityFace(deps: IdentityFaceDeps): Face {
  return {
    name: 'identity',
    requestIdHeaders: ['x-openstack-request-id'],
    bodyBytesMax: BODY_BYTES_MAX,
    printFailure: ({ status, message }) => ({
      contentType: JSON_TYPE,
      body: faultBody(status, message),
    }),
    register(app) {
      // One handler for every path and method: what is 404 and what 405 is for ROUTES to say.
      app.setNotFoundHandler((request, reply) => serve(deps, request, reply))
    },
  }
}

async function serve(
  deps: IdentityFaceDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header('vary', 'X-Auth-Token').header('cache-control', 'no-store')
  const endpoints = deps.endpoints(request)
  try {
    const target = readTarget(request)
    const { route, id } = findRoute(target.segments)
    if (request.method === 'OPTIONS') {
      return reply.code(200).header('allow', allowedBy(route)).send()
    }
    const handler = handlerOf(route, request.method)
    if (endpoints === undefined) {
      throw new KeystoneFault(400, 'The request has no Host header, or one that is not valid.')
    }
    const address = deps.clientAddress(request)
    const { service } = deps
    const answer = await handler({ request, service, endpoints, address, id, query: target.query })
    if (route.isPublic) reply.removeHeader('cache-control')
    return send(reply, answer)
  } catch (error) {
    const fault = faultOf(error)
    if (fault === undefined) throw error
    if (fault.status >= 500) request.log.warn({ err: error }, 'sign-in service failed')
    if (fault.status === 401 && endpoints !== undefined) {
      reply.header('www-authenticate', `Keystone uri="${endpoints.identity}/v3"`)
    }
    reply.code(fault.status).headers(fault.headers)
    return sendJson(reply, faultBody(fault.status, fault.message))
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

/** Empty segments do not count: clients make `//v3` of an address with a slash at its end. */
function readTarget(request: FastifyRequest) {
  const url = (request.raw.url ?? '').replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  const queryAt = url.indexOf('?')
  const path = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = new URLSearchParams(queryAt < 0 ? '' : url.slice(queryAt + 1))
  try {
    const segments = path.split('/').filter((segment) => segment !== '')
    return { segments: segments.map(decodeURIComponent), query }
  } catch {
    throw new KeystoneFault(400, 'The path is not valid: a percent sign begins no character in it.')
  }
}

/** @throws KeystoneFault 404 */
function findRoute(segments: readonly string[]): { readonly route: Route; readonly id: string } {
  for (const route of ROUTES) {
    const parts = route.path === '' ? [] : route.path.split('/')
    if (parts.length !== segments.length) continue
    if (!parts.every((part, index) => part === ':id' || part === segments[index])) continue
    return { route, id: segments[parts.indexOf(':id')] ?? '' }
  }
  throw new KeystoneFault(404, 'The resource could not be found.')
}

/** @throws KeystoneFault 405 */
function handlerOf(route: Route, method: string): Handler {
  const asked = method === 'HEAD' ? 'GET' : method
  const found = Object.entries(route.handlers).find(([name]) => name === asked)
  if (found !== undefined) return found[1]
  const message = 'The method is not allowed for the requested URL.'
  throw new KeystoneFault(405, message, { allow: allowedBy(route) })
}

function allowedBy(route: Route): string {
  const methods = Object.keys(route.handlers).flatMap((method) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
  return [...methods, 'OPTIONS'].join(', ')
}
