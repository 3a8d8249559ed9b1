import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CatalogueFault } from '../../catalogue/faults.ts'
import type { Face } from '../face.ts'
import { admit, type Gate } from './admit.ts'
import type { Answer, Call } from './call.ts'
import { faultOf, ImageFault, printFailure, printFault } from './faults.ts'
import { answerList } from './list.ts'
import type { Operation } from './routes.ts'
import { IMAGE_SCHEMA, IMAGES_SCHEMA } from './schemas.ts'
import { printImage } from './view.ts'

/** No request that is served has a body; a client that sends one may send this much. */
const BODY_BYTES_MAX = 64 * 1024

export interface ImageDependencies extends Gate {
  readonly catalogue: Catalogue
}

/** The Image API, `/v2`: its reading side, and the addresses that Compute's links name. */
export function imageFace(deps: ImageDependencies): Face {
  return {
    name: 'image',
    requestIdHeaders: ['x-openstack-request-id'],
    bodyBytesMax: BODY_BYTES_MAX,
    printFailure,
    register(app) {
      register(app, deps)
    },
  }
}

const CALL = 'imageCall'
/** Nothing between a caller and here may keep an answer for somebody else. */
const AUTHENTICATED = { 'cache-control': 'private, no-cache', vary: 'X-Auth-Token' }

function register(app: FastifyInstance, deps: ImageDependencies): void {
  app.decorateRequest(CALL, undefined)
  app.addHook('onRequest', async (request, reply) => {
    try {
      const admission = await admit(request, deps)
      if (admission.kind === 'public') return send(reply, admission.answer)
      reply.headers(AUTHENTICATED)
      if (admission.kind === 'unauthorized') return send(reply, admission.answer)
      request.setDecorator(CALL, admission.call)
      return undefined
    } catch (error) {
      return refuse(request, reply, error)
    }
  })
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const call = request.getDecorator<Call>(CALL)
      return send(reply, await HANDLERS[call.operation](call, deps.catalogue))
    } catch (error) {
      return refuse(request, reply, error)
    }
  }
  app.all('*', handler)
  app.setNotFoundHandler(handler) // methods that the router does not know
}

/** As bytes: to text the framework would add a charset, which Glance does not send. */
function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  return body === '' ? reply.send() : reply.send(Buffer.from(body))
}

/** Sends what an error is to the caller; one that is nobody's doing goes on to the error handler. */
function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const fault = faultOf(error)
  if (fault === undefined) throw error
  return send(reply.headers(AUTHENTICATED), printFault(fault, request.headers.accept))
}

type Handler = (call: Call, catalogue: Catalogue) => Promise<Answer> | Answer

const HANDLERS: Readonly<Record<Operation, Handler>> = {
  // Glance's router leads `/v2` to `/v2/`, where it has nothing (glance/common/wsgi.py, Router).
  enter: ({ base }) => ({ status: 302, headers: { location: `${base}/v2/` }, body: '' }),
  list_images: async (call, catalogue) => json(await answerList(call, catalogue)),
  show_image: async (call, catalogue) => json(await showImage(call, catalogue)),
  show_image_schema: () => json(IMAGE_SCHEMA),
  show_images_schema: () => json(IMAGES_SCHEMA),
}

function json(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

async function showImage({ viewer, id }: Call, catalogue: Catalogue): Promise<string> {
  try {
    return printImage(await catalogue.get(viewer, id))
  } catch (error) {
    if (!(error instanceof CatalogueFault) || error.code !== 'image.not_found') throw error
    throw new ImageFault('image.not_found', `No image found with ID ${id}`)
  }
}
