import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { allowCompression } from '../face/compressible.ts'
import type { Face } from '../face/face.ts'
import { sendUnlessKnown } from '../request/entity-tag.ts'
import { passedOnTrace } from '../request/known-trace.ts'
import { readTarget } from '../request/target.ts'
import { admit, operationAt } from './admit.ts'
import type { Answer, Call } from './call.ts'
import type { ImageDependencies } from './dependencies.ts'
import { faultOf, printFailure, printFault } from './faults.ts'
import { HANDLERS } from './operations.ts'
import { demandsOf, findRoute, type Operation, routeOf } from './routes.ts'
import { PREFIXES } from './version-documents.ts'

/** Of a JSON document: room for 128 properties of 64 KiB, which Glance's quota allows. */
const BODY_BYTES_MAX = 10 * 1024 * 1024

/** The Image API, `/v2`, and the addresses that Compute's links name. */
export function imageFace(deps: ImageDependencies): Face {
  return {
    name: 'image',
    requestIdHeaders: ['x-openstack-request-id'],
    bodyBytesMax: BODY_BYTES_MAX,
    printFailure,
    streamsBody,
    operationOf: (request) =>
      request.getDecorator<Call | undefined>(CALL)?.operation ?? operationAt(request),
    routeOf,
    apiOf: (operation) => (operation === 'list_cloudimages' ? 'ims' : 'image'),
    register(app) {
      register(app, deps)
    },
  }
}

function streamsBody(method: string, target: string): boolean {
  if (method !== 'PUT') return false
  const [prefix = '', ...path] = readTarget(target)?.segments ?? []
  const match = PREFIXES.has(prefix) ? findRoute(method, path) : undefined
  return match?.kind === 'operation' && isUpload(match.operation)
}

function isUpload(operation: Operation): boolean {
  return demandsOf(operation).body === 'stream'
}

const CALL = 'imageCall'
/** No cache on the way may give an answer to another caller. */
const AUTHENTICATED = { 'cache-control': 'private, no-cache', vary: 'X-Auth-Token' }

function register(app: FastifyInstance, deps: ImageDependencies): void {
  app.decorateRequest(CALL, undefined)
  app.addHook('onRequest', async (request, reply) => {
    try {
      const admission = await admit(request, deps)
      if (admission.kind === 'public') return send(reply, admission.answer)
      reply.headers(AUTHENTICATED)
      request.setDecorator(CALL, admission.call)
      return undefined
    } catch (error) {
      return refuse(request, reply, error)
    }
  })
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const call = request.getDecorator<Call>(CALL)
      if (isUpload(call.operation)) await deps.callerLimits?.hold('upload', reply, call.caller)
      return send(reply, await HANDLERS[call.operation](call, within(deps, request), request))
    } catch (error) {
      return refuse(request, reply, error)
    }
  }
  app.all('*', handler)
  app.setNotFoundHandler(handler) // methods that the router does not know
}

/** What a request stands on: where its spans are recorded, what is done in the catalogue has some. */
function within(deps: ImageDependencies, request: FastifyRequest): ImageDependencies {
  if (deps.catalogueWithin === undefined) return deps
  const trace = passedOnTrace(request)
  return trace?.begin === undefined ? deps : { ...deps, catalogue: deps.catalogueWithin(trace) }
}

/** As bytes: to text the framework would add a charset, which Glance does not send. */
function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  if (body === '') return reply.send()
  // Image data is compressed already where that helps, and its Content-MD5 and ranges are of these bytes.
  if (typeof body !== 'string') return reply.send(body)
  allowCompression(reply)
  const bytes = Buffer.from(body)
  return status === 200 && READS.has(reply.request.method)
    ? sendUnlessKnown(reply, bytes)
    : reply.send(bytes)
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Sends the fault of an expected error; an unexpected one goes to the error handler. */
function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const fault = faultOf(error)
  if (fault === undefined) throw error
  return send(reply.headers(AUTHENTICATED), printFault(fault, request.headers.accept))
}
