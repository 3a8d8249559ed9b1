import { hash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AnswerAgain, type AnswerAtOnce, offeredAgain } from '../api/face/answer-again.ts'
import type { Face } from '../api/face/face.ts'
import { knownCaller, rememberCaller } from '../api/request/known-caller.ts'
import type { Caller } from '../identity/identity.ts'
import { LastUsed } from '../limits/last-used.ts'
import type { CallerGate } from './caller-gate.ts'
import { type Accepted, readAcceptEncoding } from './compression/accept-encoding.ts'
import type { Compression } from './compression/compression.ts'
import { isLeaving } from './hang-up.ts'
import { type Observers, observeRequest } from './observe-request.ts'
import { newRequestId } from './parser-failure.ts'
import type { RequestGate } from './request-gate.ts'

/** Paths with headers whose admission is remembered. */
const HEADS_MAX = 4096

/** Requests with these are never alike, or are not over with their headers. */
const UNFIT: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'traceparent',
])

/** What a path with headers has come to before. */
interface KnownHead {
  readonly again: AnswerAgain
  /** What every answer to it has, names and values in turn, behind the request ids. */
  readonly headers: readonly string[]
  readonly accepted: Accepted
  readonly caller: Caller | undefined
  /** What is told of every request that is alike. */
  readonly toldHeaders: IncomingHttpHeaders
}

export interface ShortWayParts extends Observers {
  readonly gate: RequestGate | undefined
  readonly callers: CallerGate | undefined
  readonly compression: Compression | undefined
}

/**
 * Answers requests that repeat the path and all headers of one that was answered before, whatever
 * their query, without the framework: what the headers came to is known, so only what may have
 * changed since is checked (`AnswerAgain.answer`). An answer is the same byte for byte, but for its
 * request id and date. Whatever cannot be answered at once goes the long way.
 */
export class ShortWay {
  readonly #face: Face
  readonly #parts: ShortWayParts
  /** By hash, since the headers hold a token. */
  readonly #heads = new LastUsed<KnownHead>(HEADS_MAX)
  #isClosing = false

  constructor(face: Face, parts: ShortWayParts) {
    this.#face = face
    this.#parts = parts
  }

  /** To be called when all hooks that change the answer are there. */
  addTo(app: FastifyInstance): void {
    app.addHook('onSend', (request, reply, payload, done) => {
      this.#learn(request, reply)
      done(null, payload)
    })
    app.addHook('preClose', (done) => {
      this.#isClosing = true
      done()
    })
    const { server } = app
    const longWay = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#tryAnswer(request, response)) return
      for (const listener of longWay) listener.call(server, request, response)
    })
  }

  /** @returns whether the request is answered. */
  #tryAnswer(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', socket } = request
    const { gate, callers } = this.#parts
    if (this.#isClosing || request.method !== 'GET' || callers?.countsRequests === true)
      return false
    // Who waits must not be overtaken.
    if ((gate?.slots.waiting ?? 0) > 0 || isLeaving(socket)) return false
    if (url.includes('#')) return false // the query ends there
    const mark = url.indexOf('?')
    const head = this.#heads.get(keyOf(request, mark === -1 ? url : url.slice(0, mark)))
    if (head === undefined) return false
    const answer = head.again.answer(mark === -1 ? '' : url.slice(mark + 1), response)
    if (answer === undefined) return false
    const form = this.#formOf(answer, head)
    if (form === undefined) return false
    this.#send(request, response, head, answer, form)
    return true
  }

  /** @returns undefined if making it takes a while. */
  #formOf({ body, forms }: AnswerAtOnce, { accepted }: KnownHead) {
    const { compression } = this.#parts
    if (compression === undefined || body === undefined) return { body, coding: undefined }
    return compression.atOnce(body, accepted, forms)
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    { again, headers: known, caller, toldHeaders }: KnownHead,
    { status, headers }: AnswerAtOnce,
    { body, coding }: { body: Buffer | undefined; coding: string | undefined },
  ): void {
    const id = newRequestId()
    const { meter, requestLog, tracer } = this.#parts
    if (meter !== undefined || tracer !== undefined || requestLog?.isOn === true) {
      const asked = {
        ...{ id, method: 'GET', originalUrl: request.url ?? '' },
        ...{ headers: toldHeaders, raw: request },
      }
      if (caller !== undefined) rememberCaller(asked, caller)
      observeRequest(this.#parts, this.#face, asked, response, () => again.operation)
    }
    const all: string[] = []
    for (const name of this.#face.requestIdHeaders) all.push(name, id)
    all.push(...known, ...headers)
    if (coding !== undefined) all.push('content-encoding', coding)
    if (body !== undefined) all.push('content-length', String(body.length))
    response.writeHead(status, all)
    response.end(body)
  }

  #learn(request: FastifyRequest, reply: FastifyReply): void {
    if (this.#parts.callers?.countsRequests === true) return // its headers tell of the counts
    const again = offeredAgain(reply)
    if (again === undefined || request.method !== 'GET' || !isFit(request.raw)) return
    const own = new Set([...again.ownHeaders, ...this.#face.requestIdHeaders, 'content-encoding'])
    const headers: string[] = []
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (!own.has(name)) headers.push(name, String(value))
    }
    const [path = ''] = request.originalUrl.split('?', 1)
    this.#heads.set(keyOf(request.raw, path), {
      again,
      headers,
      accepted: readAcceptEncoding(request.headers['accept-encoding']),
      caller: knownCaller(request),
      toldHeaders: toldOf(request.headers),
    })
  }
}

/** Only these: the others hold the token. */
function toldOf(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const names = new Set(['user-agent', 'x-forwarded-for', 'x-openstack-request-id'])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name)))
}

function isFit({ rawHeaders }: IncomingMessage): boolean {
  return !rawHeaders.some((name, i) => i % 2 === 0 && UNFIT.has(name.toLowerCase()))
}

/** The address counts too: only some may say how the server is reached. No part has a line break. */
function keyOf({ rawHeaders, socket }: IncomingMessage, path: string): string {
  return hash('sha256', `${path}\n${socket.remoteAddress}\n${rawHeaders.join('\n')}`, 'base64')
}
