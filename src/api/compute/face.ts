import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Catalogue, CatalogueFor } from '../../catalogue/catalogue.ts'
import { CatalogueFault } from '../../catalogue/faults.ts'
import { NO_POLICY } from '../../deprecation/policy.ts'
import { IdentityUnavailable } from '../../identity/identity.ts'
import type { NotedCall } from '../../ledger/call-ledger.ts'
import { allowCompression } from '../face/compressible.ts'
import type { Face, Failure } from '../face/face.ts'
import { UNAUTHORIZED_BODY, unauthorizedHeaders } from '../request/authenticate.ts'
import { resolveBaseUrl } from '../request/base-url.ts'
import { clientAddress } from '../request/client-address.ts'
import { sendUnlessKnown } from '../request/entity-tag.ts'
import {
  AUTHENTICATED,
  admit,
  badHost,
  type Gate,
  keystoneOf,
  operationAt,
  RefusedCall,
} from './admit.ts'
import { offerListAgain } from './answer-again.ts'
import { Answers } from './answers.ts'
import { type Call, linkBases } from './call.ts'
import { deprecationHeaders } from './deprecation-headers.ts'
import { type Elsewhere, isAboutImages, isForHere } from './elsewhere.ts'
import {
  ComputeFault,
  type ComputeFaultCode,
  FAULT_CONTENT_TYPE,
  faultOf,
  printFault,
} from './faults.ts'
import { answerList } from './list.ts'
import {
  deleteItem,
  mergeMetadata,
  replaceMetadata,
  setItem,
  showItem,
  showMetadata,
} from './metadata.ts'
import { type Operation, routeOf } from './routes.ts'
import { imageSuccessor, successorOf } from './successor.ts'
import { printImage } from './view.ts'

/** oslo.middleware's max_request_body_size, as Nova has it. */
export const BODY_BYTES_MAX = 114_688

export interface ComputeDependencies extends Gate {
  readonly catalogueFor: CatalogueFor
  /** By default of its own. */
  readonly answers?: Answers
  /** Answers requests that are not about images; without it they get 404 or a version document. */
  readonly elsewhere?: Elsewhere
  /** Who counts the calls; it is asked who made them, too. */
  readonly ledger?: NonNullable<Gate['ledger']> & { note(call: NotedCall): void }
}

/** The Compute API's image resources, `/v2` and `/v2.1`. */
export function computeFace(deps: ComputeDependencies): Face {
  const { answers = new Answers() } = deps
  const isPassedOn = (target: string) => deps.elsewhere !== undefined && !isForHere(target)
  return {
    name: 'compute',
    requestIdHeaders: ['x-openstack-request-id', 'x-compute-request-id'],
    bodyBytesMax: BODY_BYTES_MAX,
    isPassedOn,
    streamsBody: (method, target) => !BODILESS.has(method) && isPassedOn(target),
    operationOf(request) {
      const call = request.getDecorator<Call | undefined>(CALL)
      if (call !== undefined) return call.operation
      return isPassedOn(request.originalUrl) ? 'forward' : operationAt(request)
    },
    routeOf,
    printFailure({ status, message, retryAfterS }) {
      const retry = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
      const fault = new ComputeFault(FAILURE_CODES[status], message, retry)
      return { contentType: FAULT_CONTENT_TYPE, body: printFault(fault).body }
    },
    register(app) {
      register(app, deps, answers)
    },
  }
}

const FAILURE_CODES: Readonly<Record<Failure['status'], ComputeFaultCode>> = {
  400: 'request.malformed',
  404: 'route.not_found',
  405: 'route.method',
  408: 'request.too_slow',
  413: 'request.too_large',
  415: 'body.media_type',
  429: 'caller.throttled',
  500: 'server.unexpected',
  503: 'server.busy',
}

/** What bodies of theirs are left is not waited for. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

const CALL = 'computeCall'

function register(app: FastifyInstance, deps: ComputeDependencies, answers: Answers): void {
  const { elsewhere } = deps
  app.decorateRequest(CALL, undefined)
  elsewhere?.register(app)
  app.addHook('onRequest', async (request, reply) => {
    try {
      if (elsewhere !== undefined && !isForHere(request.originalUrl)) {
        // Without a Host to pass on, the HTTP client would send Nova's internal address.
        if (resolveBaseUrl(request, deps.baseUrl) === undefined) throw badHost()
        return elsewhere.forward(request, reply, (fault) => refuse(deps, reply, fault))
      }
      allowCompression(reply)
      const admission = await admit(request, reply.raw, deps)
      switch (admission.kind) {
        case 'options':
          return reply.header('allow', admission.allow).send()
        case 'document':
          return reply
            .code(admission.status)
            .headers(admission.headers)
            .send(Buffer.from(admission.body))
        case 'unauthorized':
          return refuseToken(deps, reply, admission.keystone)
        case 'call':
          noteCall(deps, request, admission.call, admission.headers)
          // Nova takes an empty media type for none; the framework would refuse it.
          if (request.headers['content-type'] === '') delete request.raw.headers['content-type']
          request.setDecorator(CALL, admission.call)
          reply.headers({ ...AUTHENTICATED, ...admission.headers })
          reply.header('vary', varyOf(reply))
          return undefined
      }
    } catch (error) {
      if (error instanceof RefusedCall) noteCall(deps, request, error.call, error.headers)
      return refuse(deps, reply, error)
    }
  })
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const call = request.getDecorator<Call>(CALL)
    try {
      return await answer(call, request.body, reply, deps, answers)
    } catch (error) {
      if (call.asker.isGone) return leave(reply)
      if (error instanceof CatalogueFault && error.code === 'token.refused') {
        deps.users.forget?.(call.asker.token)
        return refuseToken(deps, reply, keystoneOf(call.base, deps), call)
      }
      return refuse(deps, reply, error, call)
    }
  }
  app.all('*', handler)
  app.setNotFoundHandler(handler) // methods that the router does not know
}

/** A refused call counts too: who makes it has to be moved all the same. */
function noteCall(
  { ledger, baseUrl }: ComputeDependencies,
  request: FastifyRequest,
  { caller, project, operation, prefix, query }: Call,
  versionHeaders: Readonly<Record<string, string>>,
): void {
  ledger?.note({
    // If the token's project is unknown, the path's project is used.
    caller: caller.isUnchecked === true ? { ...caller, projectId: project ?? null } : caller,
    userAgent: request.headers['user-agent'],
    operation,
    query: LISTS.has(operation) ? query : '',
    prefix,
    microversion: versionHeaders['x-openstack-nova-api-version'] ?? '',
    address: () => clientAddress(request, baseUrl.trustedProxies),
  })
}

const LISTS: ReadonlySet<Operation> = new Set<Operation>(['list_images', 'list_images_detail'])

/** Nova's own Vary, and the token. */
function varyOf(reply: FastifyReply): string {
  const vary = reply.getHeader('vary')
  if (vary === undefined) return 'X-Auth-Token'
  return String(vary).endsWith('X-Auth-Token') ? String(vary) : `${vary}, X-Auth-Token`
}

function refuseToken(
  deps: ComputeDependencies,
  reply: FastifyReply,
  keystone: string | undefined,
  call?: Call,
): FastifyReply {
  return reply
    .code(401)
    .headers({ ...faultDeprecation(deps, reply, call), ...unauthorizedHeaders(keystone) })
    .headers(AUTHENTICATED)
    .send(Buffer.from(UNAUTHORIZED_BODY))
}

/** The caller has left. */
function leave(reply: FastifyReply): FastifyReply {
  reply.hijack()
  reply.raw.destroy()
  return reply
}

/** Sends the fault of an expected error; an unexpected one goes to the error handler. */
function refuse(
  deps: ComputeDependencies,
  reply: FastifyReply,
  error: unknown,
  call?: Call,
): FastifyReply {
  const refused = error instanceof RefusedCall ? error : undefined
  const fault = refused?.fault ?? faultOf(error)
  if (fault === undefined) throw error
  logTrouble(reply, error)
  const { status, headers, body } = printFault(fault)
  reply.headers(faultDeprecation(deps, reply, call ?? refused?.call))
  reply.headers({ ...AUTHENTICATED, ...refused?.headers, ...headers })
  return reply.code(status).header('vary', varyOf(reply)).send(body)
}

/** A refused call gets the deprecation headers too, as far as its operation is known. */
function faultDeprecation(
  deps: ComputeDependencies,
  { request }: FastifyReply,
  call: Call | undefined,
): Record<string, string> {
  const policy = deps.deprecation?.() ?? NO_POLICY
  if (call !== undefined) return deprecationHeaders(policy, call.base, successorOf(call, policy))
  const base = isAboutImages(request.originalUrl)
    ? resolveBaseUrl(request, deps.baseUrl)
    : undefined
  return base === undefined ? {} : deprecationHeaders(policy, base, undefined)
}

/** What another service did, in words that are not for the caller. */
function logTrouble({ log }: FastifyReply, error: unknown): void {
  if (error instanceof CatalogueFault && error.detail !== undefined) {
    const { code, detail } = error
    // The rest is what callers do every day: an image that is not there, one that is not theirs.
    const level = code.startsWith('upstream.') ? 'warn' : 'debug'
    log[level]({ code, detail }, 'the catalogue could not answer')
  } else if (error instanceof IdentityUnavailable) {
    log.warn({ kind: error.kind, detail: error.message }, 'the identity service could not answer')
  }
}

/** @throws CatalogueFault, with Nova's text for another project's image */
async function deleteImage(call: Call, catalogue: Catalogue): Promise<void> {
  try {
    await catalogue.delete(call.viewer, call.id)
  } catch (error) {
    if (!(error instanceof CatalogueFault) || error.code !== 'image.not_writable') throw error
    throw new CatalogueFault(error.code, 'You are not allowed to delete the image.')
  }
}

type Handler = (call: Call, body: unknown, catalogue: Catalogue) => Promise<string | undefined>

const HANDLERS: Readonly<
  Record<Exclude<Operation, 'list_images' | 'list_images_detail'>, Handler>
> = {
  show_image: async (call, _body, catalogue) => {
    const image = await catalogue.get(call.viewer, call.id)
    return `{"image":${printImage(image, linkBases(call))}}`
  },
  delete_image: async (call, _body, catalogue) => {
    await deleteImage(call, catalogue)
    return undefined
  },
  show_metadata: (call, _body, catalogue) => showMetadata(call, catalogue),
  merge_metadata: (call, body, catalogue) => mergeMetadata(call, body, catalogue),
  replace_metadata: (call, body, catalogue) => replaceMetadata(call, body, catalogue),
  show_metadata_item: (call, _body, catalogue) => showItem(call, catalogue),
  set_metadata_item: (call, body, catalogue) => setItem(call, body, catalogue),
  delete_metadata_item: async (call, _body, catalogue) => {
    await deleteItem(call, catalogue)
    return undefined
  },
}

/** What they answer a caller may have already. */
const READS: ReadonlySet<Operation> = new Set<Operation>([
  'show_image',
  'show_metadata',
  'show_metadata_item',
])

/** Only where no other service is asked. What is kept holds no token, and nothing of this request. */
function offerShortWay(
  { asker, ...call }: Call,
  reply: FastifyReply,
  deps: ComputeDependencies,
  found: { readonly catalogue: Catalogue; readonly answers: Answers },
): void {
  // A catalogue that records spans is this request's own.
  if (asker.trace?.begin !== undefined) return
  const callerNow = deps.users.follow?.(asker.token)
  if (callerNow === undefined || found.catalogue.version(call.viewer) === undefined) return
  const { request } = reply
  const userAgent = request.headers['user-agent']
  const noted = {
    ...{ caller: call.caller, userAgent, operation: call.operation, prefix: call.prefix },
    microversion: String(reply.getHeader('x-openstack-nova-api-version') ?? ''),
  }
  const address = clientAddress(request, deps.baseUrl.trustedProxies)
  const { ledger } = deps
  const note =
    ledger && ((query: string) => ledger.note({ ...noted, query, address: () => address }))
  const ifNoneMatch = request.headers['if-none-match']
  offerListAgain(reply, call, { ...deps, ...found, callerNow, userAgent, ifNoneMatch, note })
}

async function answer(
  call: Call,
  body: unknown,
  reply: FastifyReply,
  deps: ComputeDependencies,
  answers: Answers,
): Promise<FastifyReply> {
  const catalogue = deps.catalogueFor(call.asker)
  const policy = deps.deprecation?.() ?? NO_POLICY
  if (call.operation === 'list_images' || call.operation === 'list_images_detail') {
    const onLong = async () => deps.callerLimits?.hold('long list', reply, call.caller)
    const list = await answerList(call, catalogue, answers, policy, onLong)
    if (list.body instanceof Readable) {
      // After the 200 the error can only be logged; the framework cuts the connection.
      list.body.once('error', (err) => {
        if (!call.asker.isGone) reply.log.error({ err }, 'a list was cut')
      })
    }
    allowCompression(reply, list.forms)
    reply.headers(list.headers).header('content-type', call.contentType)
    if (!Buffer.isBuffer(list.body)) return reply.send(list.body)
    offerShortWay(call, reply, deps, { catalogue, answers })
    answers.lend(list.body, reply.raw)
    return sendUnlessKnown(reply, list.body, list.headers['etag'])
  }
  const text = await HANDLERS[call.operation](call, body, catalogue)
  reply.headers(deprecationHeaders(policy, call.base, imageSuccessor(call)))
  reply.header('content-type', call.contentType)
  // As bytes: the framework would add a charset to the Content-Type of a text.
  if (text === undefined) return reply.code(204).send()
  const bytes = Buffer.from(text)
  return READS.has(call.operation) ? sendUnlessKnown(reply, bytes) : reply.send(bytes)
}
