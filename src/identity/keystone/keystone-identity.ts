import { hash, randomUUID } from 'node:crypto'
import type { Trace } from '../../tracing/trace.ts'
import type { JsonAnswer, Upstream } from '../../upstream/upstream.ts'
import {
  type Caller,
  type Identity,
  IdentityUnavailable,
  type TokenOutcome,
  type TokenWatch,
} from '../identity.ts'
import {
  CACHED_TOKENS_MAX,
  REFUSED_TOKEN_CACHE_MS,
  TOKEN_BYTES_MAX,
  TOKEN_CACHE_MS,
} from './limits.ts'
import { readToken } from './read-token.ts'
import { ServiceToken, type ServiceUser } from './service-token.ts'
import { TokenCache } from './token-cache.ts'
import { askKeystone, type Origin, unexpected } from './trouble.ts'

export interface KeystoneOptions {
  /** Keystone's base URLs, without a version. */
  readonly upstream: Upstream
  /** Region of the image endpoint in callers' catalogues; without it the first one is used. */
  readonly region?: string | undefined
  /** Without one a token is validated with itself. */
  readonly serviceUser?: ServiceUser | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
  readonly watch?: TokenWatch | undefined
}

/** What Keystone says of a token, and how long it counts. */
interface Found {
  readonly caller: Caller | undefined
  readonly outcome: TokenOutcome
  readonly cacheUntilMs: number
}

function refused(outcome: TokenOutcome, cacheUntilMs: number): Found {
  return { caller: undefined, outcome, cacheUntilMs }
}

/** What a header can carry; Node hands on the rest of Latin-1 as it came. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/
/** The token could not be parsed, so it is invalid. */
const UNREADABLE_STATUSES: ReadonlySet<number> = new Set([400, 413, 414, 431])

/** The users of a real Keystone; each is remembered for a while by the hash of the token. */
export class KeystoneIdentity implements Identity {
  readonly #upstream: Upstream
  readonly #region: string | undefined
  readonly #service: ServiceToken | undefined
  readonly #now: () => number
  readonly #watch: TokenWatch
  readonly #callers = new TokenCache<Caller>(CACHED_TOKENS_MAX)
  readonly #refused = new TokenCache<true>(CACHED_TOKENS_MAX)
  /** Look-ups under way, one for a token. */
  readonly #asking = new Map<string, Promise<Caller | undefined>>()

  constructor(options: KeystoneOptions) {
    const { upstream, region, serviceUser, now = Date.now, watch = () => undefined } = options
    this.#watch = watch
    this.#upstream = upstream
    this.#region = region
    this.#service = serviceUser && new ServiceToken(upstream, serviceUser, now)
    this.#now = now
  }

  async authenticate(
    token: string,
    requestId?: string,
    trace?: Trace,
  ): Promise<Caller | undefined> {
    if (token.length > TOKEN_BYTES_MAX || !HEADER_VALUE.test(token)) {
      this.#watch('malformed')
      return undefined
    }
    const key = hash('sha256', token, 'base64url')
    const nowMs = this.#now()
    const known = this.#callers.get(key, nowMs)
    if (known !== undefined) {
      this.#watch('remembered')
      return known
    }
    if (this.#refused.get(key, nowMs)) {
      this.#watch('unknown')
      return undefined
    }
    const asking = this.#asking.get(key)
    if (asking !== undefined) this.#watch('joined')
    return asking ?? this.#ask(key, token, { requestId: requestId ?? `req-${randomUUID()}`, trace })
  }

  forget(token: string): void {
    const key = hash('sha256', token, 'base64url')
    this.#callers.delete(key)
    // An answer in flight may be older than this.
    this.#asking.delete(key)
  }

  #ask(key: string, token: string, origin: Origin): Promise<Caller | undefined> {
    const isCurrent = () => this.#asking.get(key) === asking
    const asking = this.#lookUp(token, origin)
      .then(({ caller, outcome, cacheUntilMs }) => {
        this.#watch(outcome)
        if (!isCurrent()) return caller
        if (caller !== undefined) this.#callers.set(key, caller, cacheUntilMs)
        else this.#refused.set(key, true, cacheUntilMs)
        return caller
      })
      .catch((error: unknown) => {
        this.#watch('unavailable')
        throw error
      })
      .finally(() => {
        if (isCurrent()) this.#asking.delete(key)
      })
    this.#asking.set(key, asking)
    return asking
  }

  async #lookUp(token: string, origin: Origin): Promise<Found> {
    const answer = await this.#validate(token, origin)
    const nowMs = this.#now()
    if (answer.status === 200) {
      const caller = readToken(answer.json, this.#region)
      // As keystonemiddleware/auth_token/__init__.py: by this machine's clock too.
      if (caller.expiresAtMs <= nowMs) return refused('expired', nowMs)
      const outcome = 'found'
      return { caller, outcome, cacheUntilMs: Math.min(nowMs + TOKEN_CACHE_MS, caller.expiresAtMs) }
    }
    if (answer.status === 404 || (answer.status === 401 && this.#service === undefined)) {
      return refused('unknown', nowMs + REFUSED_TOKEN_CACHE_MS)
    }
    if (UNREADABLE_STATUSES.has(answer.status)) return refused('malformed', nowMs)
    if (answer.status === 401) {
      throw new IdentityUnavailable("Keystone refuses the service user's new token")
    }
    if (answer.status === 403) {
      const who = this.#service === undefined ? 'a caller' : 'the service user'
      throw new IdentityUnavailable(`Keystone's policy does not let ${who} validate tokens`)
    }
    throw unexpected(answer)
  }

  async #validate(token: string, origin: Origin): Promise<JsonAnswer> {
    if (this.#service === undefined) return this.#validateWith(token, token, origin)
    const own = await this.#service.get(origin)
    const answer = await this.#validateWith(own, token, origin)
    if (answer.status !== 401) return answer
    this.#service.drop(own)
    return this.#validateWith(await this.#service.get(origin), token, origin)
  }

  /** The answer includes the service catalogue, which has the image endpoint for this caller. */
  #validateWith(own: string, subject: string, origin: Origin): Promise<JsonAnswer> {
    return askKeystone(this.#upstream, {
      method: 'GET',
      path: '/v3/auth/tokens',
      headers: { 'x-auth-token': own, 'x-subject-token': subject, accept: 'application/json' },
      ...origin,
    })
  }
}
