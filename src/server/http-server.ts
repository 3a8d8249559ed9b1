import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Face, Failure } from '../api/face/face.ts'
import { makeRoomForTrace } from '../api/request/known-trace.ts'
import type { KeyPair } from '../config/key-pair.ts'
import { isFileTrouble } from '../file-trouble/sqlite-trouble.ts'
import type { CallerGate } from './caller-gate.ts'
import type { Compression } from './compression/compression.ts'
import { loggerForFramework } from './framework-log.ts'
import { hangUpAfterAnswer, isLeaving } from './hang-up.ts'
import { answerHealthcheck, isHealthcheck } from './health.ts'
import { HEADER_BYTES_MAX, SERVER_LIMITS, type ServerLimits } from './limits.ts'
import { type Observers, observeRequest } from './observe-request.ts'
import { answerParserError, answerPreface, newRequestId } from './parser-failure.ts'
import { answerReadiness, isReadinessCall, Readiness } from './readiness.ts'
import {
  closeAfterUnreadBody,
  isStreaming,
  keepBodiesRaw,
  noteStreaming,
  whenRead,
} from './request-body.ts'
import type { RequestGate } from './request-gate.ts'
import { ShortWay } from './short-way.ts'
import { rememberConnections } from './silent-connections.ts'
import { allowHalfOpen, tlsOptions } from './tls.ts'

/** What the servers of a process have in common. */
export interface ServerParts extends Observers {
  readonly readiness?: Readiness
  /** Whom it lets in; without one, everybody. */
  readonly gate?: RequestGate
  /** What each caller may do; without one, anything. */
  readonly callers?: CallerGate
  /** Without it, answers are sent as they are. */
  readonly compression?: Compression | undefined
  /** Speak TLS with this certificate; without one, plain HTTP. */
  readonly keyPair?: KeyPair | undefined
}

/**
 * One HTTP server for one face: limits, request ids, health, readiness, and every failure (the framework's and
 * the parser's included) in the face's own shape. It does not listen yet.
 */
export function createHttpServer(
  face: Face,
  logger: FastifyBaseLogger,
  given: Partial<ServerLimits> = {},
  { readiness = new Readiness(), gate, callers, ...parts }: ServerParts = {},
): FastifyInstance {
  const { compression, keyPair, ...observers } = parts
  const limits = { ...SERVER_LIMITS, ...given }
  const app = Fastify({
    loggerInstance: loggerForFramework(logger),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    bodyLimit: face.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    ...nodeOptions(limits, keyPair),
    clientErrorHandler: (error, socket) => answerParserError(face, error, socket as Socket),
    frameworkErrors: (error, request, reply) => {
      observeRequest(observers, face, request, reply.raw, () => 'unknown')
      beginAnswer(face, request, reply)
      sendFailure(face, reply, failureOf(error))
    },
    routerOptions: { maxParamLength: HEADER_BYTES_MAX },
  })
  app.server.maxConnections = limits.connectionsMax
  app.server.maxHeadersCount = 0 // bounded by HEADER_BYTES_MAX; the default drops headers silently
  // A caller may close its sending side after the request; Node would cut what is being answered.
  // One of several processes that is full drops a connection; else all that are pass it on for ever.
  Object.assign(app.server, { httpAllowHalfOpen: true, dropMaxConnection: true })
  allowHalfOpen(app.server)
  rememberConnections(app.server)
  meetExpectations(app, face)
  keepBodiesRaw(app, face)
  if (observers.tracer !== undefined) makeRoomForTrace(app)

  app.addHook('onRequest', async (request, reply) => {
    if (isLeaving(request.raw.socket)) return reply.hijack()
    observeRequest(observers, face, request, reply.raw, () => operationOf(face, request))
    noteStreaming(face, request.raw)
    beginAnswer(face, request, reply)
    if (isHealthcheck(request)) return answerHealthcheck(request, reply)
    if (isReadinessCall(request)) return answerReadiness(readiness, request, reply)
    if (isTooLarge(face, request.raw)) {
      return refuseTooLarge(face, request, reply)
    }
    return undefined
  })
  callers?.addTo(app, face)
  gate?.addTo(app, face)
  app.addHook('onSend', async (request, reply) => closeAfterUnreadBody(request, reply))
  answerErrors(app, face)
  face.register(app)
  compression?.addTo(app)
  new ShortWay(face, { ...observers, gate, callers, compression }).addTo(app)
  return app
}

/** What Node's own server is told. */
function nodeOptions(limits: ServerLimits, keyPair: KeyPair | undefined) {
  const http = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckIntervalMs,
    // Node would answer a missing Host itself, without a body; base-url.ts does, in shape.
    requireHostHeader: false,
  }
  if (keyPair === undefined) return { http }
  return { https: { ...http, ...tlsOptions(keyPair, limits.handshakeTimeoutMs) } as object }
}

function answerErrors(app: FastifyInstance, face: Face): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (request.method === 'PRI') {
      answerPreface(face, reply.raw)
      return reply.hijack()
    }
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return refuseTooLarge(face, request, reply)
    if (isFileTrouble(error)) return answerFileTrouble(face, error, request, reply)
    const failure = failureOf(error)
    if (failure.status === 500) request.log.error({ err: error }, 'unexpected error')
    return sendFailure(face, reply, failure)
  })
}

/** Sends a failure in the face's shape. */
export function sendFailure(face: Face, reply: FastifyReply, failure: Failure): FastifyReply {
  const { contentType, body } = face.printFailure(failure)
  return reply.code(failure.status).header('content-type', contentType).send(body)
}

/** Trouble with files lasts for a while: the time until the next log line about it. */
const FILE_TROUBLE_LOG_MS = 60_000
const FILE_TROUBLE_RETRY_S = 30
const quietUntilMs = new WeakMap<Face, number>()

function answerFileTrouble(
  face: Face,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (performance.now() >= (quietUntilMs.get(face) ?? 0)) {
    quietUntilMs.set(face, performance.now() + FILE_TROUBLE_LOG_MS)
    request.log.error({ err: error }, 'files cannot be read; this is said once a minute')
  }
  const message = 'The server cannot read its files at the moment. Try again later.'
  reply.header('retry-after', String(FILE_TROUBLE_RETRY_S))
  return sendFailure(face, reply, { status: 503, message })
}

function operationOf(face: Face, request: FastifyRequest): string {
  if (isHealthcheck(request)) return 'healthcheck'
  return isReadinessCall(request) ? 'readiness' : face.operationOf(request)
}

/** What every answer carries, whatever it will be. */
function beginAnswer(face: Face, request: FastifyRequest, reply: FastifyReply): void {
  for (const name of face.requestIdHeaders) reply.header(name, request.id)
  if (request.headers.upgrade !== undefined || neverAsked.has(request.raw)) {
    // Node reads nothing on that came with an upgrade, or ends the connection, and would say nothing.
    hangUpAfterAnswer(request.raw.socket)
    reply.header('connection', 'close')
  }
}

function refuseTooLarge(face: Face, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  hangUpAfterAnswer(request.raw.socket)
  return sendFailure(face, reply.header('connection', 'close'), {
    status: 413,
    message: `The request body is larger than ${face.bodyBytesMax} bytes.`,
  })
}

/**
 * Only the framework's own errors have a status about the caller; other errors may have an
 * upstream's.
 */
function failureOf(error: FastifyError): Failure {
  const isFrameworks = error.code?.startsWith('FST_') || error.code === 'ECONNRESET'
  switch (isFrameworks ? error.statusCode : 500) {
    case 400:
      return { status: 400, message: 'The request could not be understood.' }
    case 404:
      return { status: 404, message: 'The resource could not be found.' }
    case 408:
      return { status: 408, message: 'The request was not sent in time.' }
    case 415:
      return { status: 415, message: 'Unsupported Content-Type' }
    default:
      return { status: 500, message: 'The server met an unexpected error.' }
  }
}

function isTooLarge(face: Face, request: IncomingMessage): boolean {
  return !isStreaming(request) && Number(request.headers['content-length']) > face.bodyBytesMax
}

/**
 * Requests that got no 100. Node ends their connection with the answer, so nothing behind them may be
 * carried out: nobody would hear of it.
 */
const neverAsked = new WeakSet<IncomingMessage>()

/**
 * `Expect: 100-continue` with a body that is too large gets its refusal before the body is sent,
 * and a streamed one gets its 100 when the face begins to read it; other expectations are ignored,
 * as uWSGI ignores them.
 */
function meetExpectations(app: FastifyInstance, face: Face): void {
  const { server } = app
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    noteStreaming(face, request)
    const goOn = () => {
      // Behind another answer Node would put the 100 between that answer's headers and its body.
      const isQueued = response.socket === null
      if (isQueued) neverAsked.add(request)
      else if (!response.headersSent) response.writeContinue()
    }
    if (isStreaming(request)) whenRead(request, goOn)
    else if (!isTooLarge(face, request)) goOn()
    server.emit('request', request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
}
