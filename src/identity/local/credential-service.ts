import type { Database } from '../../database/database.ts'
import {
  type ApplicationCredential,
  ApplicationCredentialRefused,
  type ApplicationCredentialService,
  type MadeApplicationCredential,
  type NewApplicationCredential,
  type RoleReference,
} from '../application-credentials.ts'
import { type Named, SignInFault, type TokenDescription } from '../token-service.ts'
import type { Accounts } from './accounts.ts'
import {
  type ApplicationCredentials,
  type CredentialRow,
  newSecret,
  unassigned,
  withoutSecret,
} from './application-credentials.ts'
import { keptWrite } from './kept-write.ts'
import { hashPassword } from './password.ts'
import type { Tokens } from './tokens.ts'
import { GateFull, WorkGate } from './work-gate.ts'

/** scrypt computations for new secrets at once, beside those of the sign-ins. */
const HASHES_RUNNING_MAX = 1
/** New secrets that wait; further ones get 503. */
const HASHES_WAITING_MAX = 50
const FULL_RETRY_SECONDS = 5

export interface CredentialServiceParts {
  readonly database: Database
  readonly accounts: Accounts
  readonly credentials: ApplicationCredentials
  readonly tokens: Tokens
  readonly now: () => number
}

/** Application credentials as their users make and delete them, with a token. */
export class LocalApplicationCredentials implements ApplicationCredentialService {
  readonly #parts: CredentialServiceParts
  readonly #gate = new WorkGate(HASHES_RUNNING_MAX, HASHES_WAITING_MAX)

  constructor(parts: CredentialServiceParts) {
    this.#parts = parts
  }

  async list(userId: string): Promise<readonly ApplicationCredential[]> {
    return this.#parts.credentials.ofUser(userId).map(withoutSecret)
  }

  async find(id: string): Promise<ApplicationCredential | undefined> {
    const found = this.#parts.credentials.find(id)
    return found && withoutSecret(found)
  }

  async create(token: string, asked: NewApplicationCredential): Promise<MadeApplicationCredential> {
    const { database, credentials, now } = this.#parts
    if (asked.expiresAtMs !== null && asked.expiresAtMs <= now()) {
      const message = "The 'expires_at' must not be before now."
      throw new ApplicationCredentialRefused('expired', message)
    }
    credentials.refuseImpossible(this.#rowOf(token, asked))
    const secret = asked.secret ?? newSecret()
    const secretHash = await this.#hash(secret)
    return keptWrite(database, () => {
      // Hashing takes a while, in which the token may have ended.
      const credential = credentials.insert({ ...this.#rowOf(token, asked), secretHash })
      return { credential: withoutSecret(credential), secret }
    })
  }

  async remove(id: string): Promise<boolean> {
    const { database, credentials } = this.#parts
    return keptWrite(database, () => credentials.remove(id))
  }

  async #hash(secret: string): Promise<string> {
    try {
      return await this.#gate.run(() => hashPassword(secret))
    } catch (error) {
      if (!(error instanceof GateFull)) throw error
      const message = 'Too many application credentials are being made; try again later.'
      throw new SignInFault('service.busy', message, FULL_RETRY_SECONDS)
    }
  }

  /** @throws SignInFault if the token has ended, or has no project */
  #rowOf(token: string, asked: NewApplicationCredential): Omit<CredentialRow, 'secretHash'> {
    const description = this.#parts.tokens.find(token)?.description
    if (description === undefined || description.project === null) throw refused()
    const { name, isUnrestricted, expiresAtMs } = asked
    return {
      name,
      description: asked.description,
      userId: description.user.id,
      projectId: description.project.id,
      roles: this.#rolesFor(description, asked.roles),
      isUnrestricted,
      expiresAtMs,
    }
  }

  /**
   * Only roles of the token, so that nobody passes on more than the token itself may do. Mirrors
   * _get_roles of keystone/api/users.py.
   */
  #rolesFor({ roles }: TokenDescription, asked: readonly RoleReference[]): Named[] {
    if (asked.length === 0) return [...roles]
    const wanted = asked.map((reference) =>
      'id' in reference ? reference.id : this.#roleNamed(reference.name).id,
    )
    if (wanted.some((id) => roles.every((role) => role.id !== id))) throw unassigned()
    return roles.filter(({ id }) => wanted.includes(id))
  }

  #roleNamed(wanted: string): Named {
    const role = this.#parts.accounts.roles().find(({ name }) => name === wanted)
    if (role !== undefined) return role
    throw new ApplicationCredentialRefused('role.unknown', wanted)
  }
}

function refused(): SignInFault {
  return new SignInFault('credentials.refused', 'The token is not valid, or has no project.')
}
