import type { Trace } from '../tracing/trace.ts'

/** Who a token speaks for. */
export interface Caller {
  readonly userId: string
  /** Where it is known. */
  readonly userName?: string
  /** The project the token is scoped to; null when unscoped. */
  readonly projectId: string | null
  /** Role names, sorted. */
  readonly roles: readonly string[]
  readonly isAdmin: boolean
  /**
   * Administrator of the token's own project alone: Keystone's `is_admin_project` is false, or, in
   * local identity, the project is another one than `admin`. Images make no difference.
   */
  readonly isProjectAdmin?: true
  /** May change what the project owns. Embedded: admin or member; over Glance: Glance's policy decides. */
  readonly mayWrite: boolean
  /** Unix milliseconds. */
  readonly expiresAtMs: number
  /**
   * Public address of the Image service in the token's own catalogue, without a slash or a version
   * at its end.
   */
  readonly imageUrl?: string
  /** The token is not checked here; the service that holds the images checks it. */
  readonly isUnchecked?: true
}

/** What was found of a token, for metrics. */
export const TOKEN_OUTCOMES = [
  /** It is known from before. */
  'remembered',
  /** Another request's question about it is waited for. */
  'joined',
  /** It was looked up, and is good. */
  'found',
  /** It cannot be a token. */
  'malformed',
  /** Nobody knows it: never issued, revoked, or of a user or project that is disabled. */
  'unknown',
  'expired',
  /** Nobody could be asked. */
  'unavailable',
] as const

export type TokenOutcome = (typeof TOKEN_OUTCOMES)[number]

/** Told of each token that comes with a request. */
export type TokenWatch = (outcome: TokenOutcome) => void

/** The port between faces and whatever knows the users. */
export interface Identity {
  /**
   * Who the token speaks for; undefined for an unknown, expired or revoked one. Tokens are compared
   * and cached by hash only, never logged. `requestId` is sent to another service as the request's
   * id, and `trace` is what it works under. @throws IdentityUnavailable if no service could be asked.
   */
  authenticate(token: string, requestId?: string, trace?: Trace): Promise<Caller | undefined>

  /**
   * Follows a token: the result says at any later time what `authenticate` would, without a wait. Only
   * where that is possible. @throws IdentityUnavailable then
   */
  follow?(token: string): () => Caller | undefined

  /** To be called with a token that another service refuses: it is no longer remembered. */
  forget?(token: string): void
}

/**
 * Why the service could not be asked: unreachable or overloaded, an invalid answer, no answer in
 * time.
 */
export type IdentityTrouble = 'unavailable' | 'invalid' | 'timeout'

export interface TroubleOptions extends ErrorOptions {
  readonly kind?: IdentityTrouble
  readonly retryAfterS?: number | undefined
}

/** The identity service could not be asked; try again later. The message is for the log. */
export class IdentityUnavailable extends Error {
  override readonly name = 'IdentityUnavailable'
  readonly kind: IdentityTrouble
  /** Seconds after which to try again, if known. */
  readonly retryAfterS: number | undefined

  constructor(message?: string, options: TroubleOptions = {}) {
    super(message, options)
    this.kind = options.kind ?? 'unavailable'
    this.retryAfterS = options.retryAfterS
  }
}
