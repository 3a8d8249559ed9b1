import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Face } from '../api/face/face.ts'
import { goneSignal } from '../api/request/caller-gone.ts'
import type { LimitsConfig } from '../config/config.ts'
import { RequestSlots, type Schedule, type Slot, type SlotLimits } from '../limits/request-slots.ts'
import { isStreaming, whenRead } from './request-body.ts'
import { turnAway } from './turn-away.ts'

/** Seconds for a Retry-After header: a queue of short requests is empty again soon. */
const BUSY_RETRY_S = 1
const BUSY = {
  status: 503,
  message: 'The server is busy with other requests. Try again later.',
  retryAfterS: BUSY_RETRY_S,
} as const

/**
 * Lets requests in, of all faces of the process together. A request holds its slot while the server
 * works on it, never while bytes of the caller are waited for: a slow caller slows nobody down. What
 * is passed on to another service takes none, so that this one still answers while that one hangs.
 */
export class RequestGate {
  readonly slots: RequestSlots
  readonly #callerOf: (request: FastifyRequest) => string
  readonly #held = new WeakMap<FastifyRequest, Slot>()

  /** @param callerOf who takes a turn with a request; its token is not checked yet */
  constructor(
    limits: LimitsConfig,
    callerOf: (request: FastifyRequest) => string,
    schedule: Schedule = onTimer,
  ) {
    this.#callerOf = callerOf
    this.slots = new RequestSlots(slotLimits(limits), schedule)
  }

  /** Other limits from now on. */
  reload(limits: LimitsConfig): void {
    this.slots.reload(slotLimits(limits))
  }

  /** To be called before the face adds its own hooks, which must find the request let in. */
  addTo(app: FastifyInstance, face: Face): void {
    app.addHook('onRequest', (request, reply, done) => {
      if (face.isPassedOn?.(request.originalUrl)) return done()
      // A caller who has left gets no answer; work for another service's answer is cancelled then.
      reply.raw.once('close', () => this.#release(request))
      if (isStreaming(request.raw)) whenRead(request.raw, () => this.#release(request))
      this.#enter(face, request, reply, done)
    })
    app.addHook('preParsing', (request, _reply, payload, done) => {
      if (isAwaited(request)) this.#release(request)
      done(null, payload)
    })
    app.addHook('preValidation', (request, reply, done) => {
      if (isStreaming(request.raw) || this.#held.has(request)) done()
      else this.#enter(face, request, reply, done)
    })
    app.addHook('onSend', (request, _reply, payload, done) => {
      this.#release(request)
      done(null, payload)
    })
  }

  #enter(face: Face, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    let isWaiting = true
    const giveUp = this.slots.enter(
      () => this.#callerOf(request),
      (slot) => {
        isWaiting = false
        if (slot === undefined) return turnAway(face, request, reply, BUSY)
        this.#held.set(request, slot)
        done()
      },
    )
    if (isWaiting) goneSignal(reply.raw).addEventListener('abort', giveUp, { once: true })
  }

  #release(request: FastifyRequest): void {
    this.#held.get(request)?.release()
    this.#held.delete(request)
  }
}

function slotLimits(limits: LimitsConfig): SlotLimits {
  return {
    inFlightMax: limits.requestsInFlight,
    queueMax: limits.queuedRequests,
    queueTimeoutMs: limits.queueTimeoutMs,
  }
}

/** Whether the rest of a body is still to come. */
function isAwaited({ raw, headers }: FastifyRequest): boolean {
  if (raw.complete || isStreaming(raw)) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function onTimer(act: () => void, afterMs: number): () => void {
  const timer = setTimeout(act, afterMs)
  return () => clearTimeout(timer)
}
