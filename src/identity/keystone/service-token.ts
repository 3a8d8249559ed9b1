import type { Upstream } from '../../upstream/upstream.ts'
import { IdentityUnavailable } from '../identity.ts'
import { SERVICE_REFUSAL_MS, SERVICE_TOKEN_MARGIN_MS } from './limits.ts'
import { readToken } from './read-token.ts'
import { askKeystone, type Origin, unexpected } from './trouble.ts'

/** The user who checks tokens at Keystone, in a cloud whose policy requires a service user. */
export interface ServiceUser {
  readonly name: string
  readonly password: string
  readonly domainName: string
  readonly projectName: string
  readonly projectDomainName: string
}

interface Held {
  readonly token: string
  readonly renewAtMs: number
}

/** The service user's own token: fetched when first needed, and again when it expires. */
export class ServiceToken {
  readonly #upstream: Upstream
  readonly #user: ServiceUser
  readonly #now: () => number
  #held: Held | undefined
  #signingIn: Promise<Held> | undefined
  #refusedAtMs = Number.NEGATIVE_INFINITY

  constructor(upstream: Upstream, user: ServiceUser, now: () => number) {
    this.#upstream = upstream
    this.#user = user
    this.#now = now
  }

  /** @throws IdentityUnavailable */
  async get(origin: Origin): Promise<string> {
    if (this.#held !== undefined && this.#now() < this.#held.renewAtMs) return this.#held.token
    this.#signingIn ??= this.#signIn(origin).finally(() => {
      this.#signingIn = undefined
    })
    return (await this.#signingIn).token
  }

  /** To be called with a token that Keystone refuses; a newer one is kept. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  async #signIn(origin: Origin): Promise<Held> {
    if (this.#now() - this.#refusedAtMs < SERVICE_REFUSAL_MS) throw this.#refusal()
    const answer = await askKeystone(this.#upstream, {
      method: 'POST',
      path: '/v3/auth/tokens',
      query: 'nocatalog',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ auth: this.#credentials() }),
      ...origin,
    })
    if (answer.status === 401) {
      this.#refusedAtMs = this.#now()
      throw this.#refusal()
    }
    if (answer.status !== 201) throw unexpected(answer)
    const token = answer.headers['x-subject-token']
    if (typeof token !== 'string' || token === '') {
      throw new IdentityUnavailable('Keystone signed in without a token', { kind: 'invalid' })
    }
    const { expiresAtMs } = readToken(answer.json, undefined)
    this.#held = { token, renewAtMs: expiresAtMs - SERVICE_TOKEN_MARGIN_MS }
    return this.#held
  }

  #credentials(): unknown {
    const { name, password, domainName, projectName, projectDomainName } = this.#user
    const user = { name, password, domain: { name: domainName } }
    return {
      identity: { methods: ['password'], password: { user } },
      scope: { project: { name: projectName, domain: { name: projectDomainName } } },
    }
  }

  #refusal(): IdentityUnavailable {
    return new IdentityUnavailable(`Keystone refuses the service user "${this.#user.name}"`)
  }
}
