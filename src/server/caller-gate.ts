import { hash } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Face } from '../api/face/face.ts'
import { tokenOf } from '../api/request/authenticate.ts'
import { type CallerLimits, CallerThrottled, type Held } from '../api/request/caller-limits.ts'
import { clientAddress } from '../api/request/client-address.ts'
import type { LimitsConfig } from '../config/config.ts'
import type { Caller } from '../identity/identity.ts'
import { addressGroup } from '../limits/address-group.ts'
import { type CallerCounters, countersOf, type Rates } from '../limits/caller-counters.ts'
import { LastUsed } from '../limits/last-used.ts'
import { type Counted, rateHeaders } from '../limits/rate-headers.ts'
import { turnAway } from './turn-away.ts'

/** Tokens whose project is remembered. */
const TOKENS_MAX = 10_000
/** Seconds for a Retry-After header: what is under way may take any time. */
const HELD_RETRY_S = 5

/**
 * What each address, project and caller may do, over all faces of the process; over other processes
 * too, where the counters do.
 */
export class CallerGate implements CallerLimits {
  readonly #counters: CallerCounters
  /** Projects by the hashes of their tokens. */
  readonly #projectOf = new LastUsed<string>(TOKENS_MAX)
  readonly #trustedProxies: BlockList
  readonly #counted = new WeakMap<FastifyRequest, Counted[]>()

  /** @param trustedProxies whose X-Forwarded-For is believed */
  constructor(
    limits: LimitsConfig,
    trustedProxies: BlockList,
    now = () => performance.now(),
    counters = countersOf(limits, now),
  ) {
    this.#counters = counters
    this.#trustedProxies = trustedProxies
  }

  /** To be called before the face adds its own hooks. */
  addTo(app: FastifyInstance, face: Face): void {
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#counters.address === undefined) return done()
      this.#arrive(face, request, reply, done).catch(done)
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      // An answer of another service is returned as it is.
      const isOurs = () => face.isPassedOn?.(request.originalUrl) !== true
      if (this.#counted.has(request) && isOurs()) this.#sayStanding(request, reply)
      done(null, payload)
    })
  }

  /** Whether every request counts, so that each must come by here. */
  get countsRequests(): boolean {
    return this.#counters.address !== undefined || this.#counters.project !== undefined
  }

  /** Other limits from now on. */
  reload(limits: LimitsConfig): void {
    this.#counters.reload(limits)
  }

  async admit(request: FastifyRequest, caller: Caller): Promise<void> {
    const { projectId, userId } = caller
    // Where nobody checks tokens, nobody knows the project: only addresses count.
    if (caller.isUnchecked === true) return
    const key = projectId === null ? `user ${userId}` : `project ${projectId}`
    this.#projectOf.set(hashOf(tokenOf(request)), key)
    const retryAfterS = await this.#take('project', key, request)
    if (retryAfterS > 0) throw new CallerThrottled(tooMany('project'), retryAfterS)
  }

  /**
   * Whose turn a request takes, before its token is checked: its project's if the token was good
   * before, else its address's; so nobody gets more turns by inventing tokens.
   */
  turnOf(request: FastifyRequest): string {
    const token = tokenOf(request)
    const project = token === '' ? undefined : this.#projectOf.get(hashOf(token))
    return project ?? `address ${this.#addressOf(request)}`
  }

  async hold(what: Held, reply: FastifyReply, caller: Caller): Promise<void> {
    const holds = this.#counters[what]
    if (holds === undefined) return
    const giveBack = await holds.take(this.#keyOf(reply.request, caller))
    if (giveBack === undefined) {
      const message = `There are too many ${what}s of this caller at once. Try again later.`
      throw new CallerThrottled(message, HELD_RETRY_S)
    }
    if (reply.raw.closed) giveBack()
    else reply.raw.once('close', giveBack)
  }

  /** A user in a project; where nobody checks tokens, an address. */
  #keyOf(request: FastifyRequest, { userId, projectId, isUnchecked }: Caller): string {
    return isUnchecked === true ? this.#addressOf(request) : `${userId} ${projectId ?? ''}`
  }

  #addressOf(request: FastifyRequest): string {
    return addressGroup(clientAddress(request, this.#trustedProxies))
  }

  async #arrive(
    face: Face,
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
  ): Promise<void> {
    const retryAfterS = await this.#take('address', this.#addressOf(request), request)
    if (retryAfterS === 0) {
      done()
      return
    }
    this.#sayStanding(request, reply)
    turnAway(face, request, reply, { status: 429, message: tooMany('address'), retryAfterS })
  }

  #sayStanding(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(rateHeaders(this.#counted.get(request) ?? []))
  }

  /** @returns the seconds to wait; 0: go on */
  async #take(
    policy: 'address' | 'project',
    key: string,
    request: FastifyRequest,
  ): Promise<number> {
    const rates: Rates | undefined = this.#counters[policy]
    if (rates === undefined) return 0
    const standing = await rates.take(key)
    const counted = this.#counted.get(request) ?? []
    this.#counted.set(request, [...counted, { policy, rate: rates.rate, standing }])
    return standing.isAllowed ? 0 : standing.retryAfterS
  }
}

function hashOf(token: string): string {
  return hash('sha256', token, 'base64')
}

function tooMany(whose: 'address' | 'project'): string {
  return `There are too many requests of this ${whose}. Try again later.`
}
