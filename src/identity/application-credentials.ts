import type { Named, TokenService } from './token-service.ts'

/**
 * What a machine signs in with in place of its user's password: for one project, with some of the
 * roles that the user has on it.
 */
export interface ApplicationCredential extends Named {
  readonly description: string | null
  readonly userId: string
  readonly projectId: string
  /** As given at its making; those that the user has lost are of no effect. */
  readonly roles: readonly Named[]
  /** A token that is made with it may make and delete application credentials. */
  readonly isUnrestricted: boolean
  /** Unix milliseconds, whole seconds; null: it does not expire. */
  readonly expiresAtMs: number | null
}

export type RoleReference = { readonly id: string } | { readonly name: string }

export interface NewApplicationCredential {
  readonly name: string
  readonly description: string | null
  /** Made up where none is given. */
  readonly secret: string | undefined
  /** All roles of the token where there are none. */
  readonly roles: readonly RoleReference[]
  readonly isUnrestricted: boolean
  readonly expiresAtMs: number | null
}

/** With the only copy of the secret. */
export interface MadeApplicationCredential {
  readonly credential: ApplicationCredential
  readonly secret: string
}

/** The application credentials of all users. */
export interface ApplicationCredentialService {
  /** Of one user, by name. */
  list(userId: string): Promise<readonly ApplicationCredential[]>
  find(id: string): Promise<ApplicationCredential | undefined>
  /**
   * For the user, on the project and with roles of the token, which must have a project.
   * @throws ApplicationCredentialRefused, SignInFault
   */
  create(token: string, asked: NewApplicationCredential): Promise<MadeApplicationCredential>
  /** Ends the tokens that were made with it. @returns whether there was one. @throws SignInFault */
  remove(id: string): Promise<boolean>
}

/** The port between the Keystone face and an identity that holds its own users. */
export interface UserService extends TokenService {
  readonly applicationCredentials: ApplicationCredentialService
}

export type ApplicationCredentialRefusal =
  | 'expired'
  | 'limit.reached'
  | 'name.taken'
  | 'role.unassigned'
  | 'role.unknown'

/** Why an application credential was not made. */
export class ApplicationCredentialRefused extends Error {
  override readonly name = 'ApplicationCredentialRefused'
  readonly code: ApplicationCredentialRefusal

  constructor(code: ApplicationCredentialRefusal, message: string) {
    super(message)
    this.code = code
  }
}
