import type { Identity } from './identity.ts'

/** The one domain there is. */
export const DOMAIN = { id: 'default', name: 'Default' } as const

export type DomainReference = { readonly id: string } | { readonly name: string }

/** A user or a project as a caller names it: ids are unique, names only within a domain. */
export type Reference =
  | { readonly id: string }
  | { readonly name: string; readonly domain: DomainReference }

/** The scope of a new token; 'default' is the user's default project, if there is one. */
export type Scope =
  | { readonly kind: 'default' }
  | { readonly kind: 'unscoped' }
  | { readonly kind: 'project'; readonly project: Reference }
  /** A scope that does not exist here: another domain, the system, a trust. */
  | { readonly kind: 'unattainable' }

/** An application credential as a caller names it: ids are unique, names only among a user's. */
export type CredentialReference =
  | { readonly id: string }
  | { readonly name: string; readonly user: Reference }

/**
 * At least one of `password`, `applicationCredential` and `token`; where several are given all must
 * be of the same user. An application credential brings its own project: the scope is 'default'.
 */
export interface SignIn {
  readonly password?: { readonly user: Reference; readonly password: string }
  readonly applicationCredential?: {
    readonly credential: CredentialReference
    readonly secret: string
  }
  readonly token?: string
  readonly scope: Scope
  /** Where the request comes from, for slowing down guesses. */
  readonly address: string
}

export interface Named {
  readonly id: string
  readonly name: string
}

export interface Project extends Named {
  readonly description: string
  readonly enabled: boolean
}

export interface User extends Named {
  readonly enabled: boolean
  readonly defaultProjectId: string | null
}

/** A role that a user has on a project. */
export interface RoleAssignment {
  readonly user: Named
  readonly project: Named
  readonly role: Named
  /** The role that brings this one with it; absent where the role itself is assigned. */
  readonly impliedBy?: Named
}

/** All there is to say of a token, except the token. */
export interface TokenDescription {
  readonly user: Named
  readonly project: Named | null
  /** Sorted by name, implied roles included. */
  readonly roles: readonly Named[]
  readonly methods: readonly string[]
  /** The one that the token, or the first of those it comes from, was made with. */
  readonly applicationCredential?: Named & { readonly isRestricted: boolean }
  /** The token's own audit id; then, if it was made from another token, the id of the first one. */
  readonly auditIds: readonly string[]
  /** Unix milliseconds, whole seconds. */
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

export interface IssuedToken {
  readonly token: string
  readonly description: TokenDescription
}

/** Signing in, and reading users, projects and roles. */
export interface TokenService extends Identity {
  /** @throws SignInFault */
  signIn(request: SignIn): Promise<IssuedToken>
  /** undefined for an unknown, expired or revoked token. @throws IdentityUnavailable */
  describe(token: string): Promise<TokenDescription | undefined>
  /** @returns whether there was such a token. @throws SignInFault 'service.busy', 'service.unwritable' */
  revoke(token: string): Promise<boolean>
  /** Enabled projects on which the user has a role, by name. */
  projectsOf(userId: string): Promise<readonly Project[]>
  projects(): Promise<readonly Project[]>
  project(id: string): Promise<Project | undefined>
  users(): Promise<readonly User[]>
  user(id: string): Promise<User | undefined>
  roles(): Promise<readonly Named[]>
  /** Those that are implied too, each behind the one that implies it. */
  roleAssignments(): Promise<readonly RoleAssignment[]>
}

export type SignInFaultCode =
  /** Wrong user, password, token or scope: deliberately one code, so that nobody learns which. */
  | 'credentials.refused'
  /** Too many wrong passwords lately; `retryAfterSeconds` says when to try again. */
  | 'attempts.throttled'
  /** Too much work at present; `retryAfterSeconds` says when to try again. */
  | 'service.busy'
  /** The identity tables cannot be written: the disk is full, read-only, or broken. */
  | 'service.unwritable'

/** Why no token was issued. `message` never holds a credential. */
export class SignInFault extends Error {
  override readonly name = 'SignInFault'
  readonly code: SignInFaultCode
  readonly retryAfterSeconds: number

  constructor(code: SignInFaultCode, message: string, retryAfterSeconds = 0) {
    super(message)
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}
