/** Who a token speaks for. */
export interface Caller {
  readonly userId: string
  /** The project the token is scoped to; null when unscoped. */
  readonly projectId: string | null
  /** Role names, sorted. */
  readonly roles: readonly string[]
  readonly isAdmin: boolean
  /** May change what the project owns. Embedded: admin or member; over Glance: Glance's policy decides. */
  readonly mayWrite: boolean
  /** Unix milliseconds. */
  readonly expiresAtMs: number
}

/** The port between faces and whatever knows the users. */
export interface Identity {
  /**
   * Who the token speaks for; undefined for an unknown, expired or revoked one. Tokens are compared
   * and cached by hash only, never logged. @throws IdentityUnavailable when nobody could be asked.
   */
  authenticate(token: string): Promise<Caller | undefined>
}

/** The identity service could not be asked; try again later. */
export class IdentityUnavailable extends Error {
  override readonly name = 'IdentityUnavailable'
}
