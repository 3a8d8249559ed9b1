import type { Database } from '../../database/database.ts'
import type { Named, User } from '../token-service.ts'
import { type Account, Accounts } from './accounts.ts'
import { AdministrationError } from './administration-error.ts'
import {
  ApplicationCredentials,
  type CredentialRow,
  newSecret,
  type StoredCredential,
} from './application-credentials.ts'
import { CREDENTIAL_NAME_LENGTH_MAX, checkDescription, checkName, checkRole } from './checks.ts'
import { notFound, theProject, theUser } from './look-up.ts'
import { hashPassword } from './password.ts'

export interface NewCredential {
  readonly name: string
  /** Id or name. */
  readonly user: string
  /** Id or name; the user's default project where none is given. */
  readonly project?: string
  /** All that the user has on the project where there are none. */
  readonly roles: readonly string[]
  readonly description?: string
  readonly isUnrestricted: boolean
  /** Unix milliseconds, whole seconds. */
  readonly expiresAtMs: number | null
}

/** An application credential as it is administered, with names for its ids. */
export interface CredentialEntry extends Named {
  readonly description: string | null
  readonly user: Named
  readonly project: Named
  readonly roles: readonly string[]
  readonly isUnrestricted: boolean
  readonly expiresAtMs: number | null
}

/** With the only copy of the secret. */
export interface MadeCredential {
  readonly credential: CredentialEntry
  readonly secret: string
}

/**
 * What the command line does to application credentials, for any user and without a token. All
 * methods throw AdministrationError; those that write may throw DatabaseBusy.
 */
export class CredentialAdministration {
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #credentials: ApplicationCredentials

  constructor(database: Database) {
    this.#database = database
    this.#accounts = new Accounts(database)
    this.#credentials = new ApplicationCredentials(database, this.#accounts)
  }

  /** @param user id or name; of all users without it */
  list(user?: string): CredentialEntry[] {
    const found =
      user === undefined
        ? this.#credentials.all()
        : this.#credentials.ofUser(theUser(this.#accounts, user).id)
    return this.#entries(found)
  }

  /** @throws ApplicationCredentialRefused 'limit.reached' */
  async create(asked: NewCredential): Promise<MadeCredential> {
    checkName('name of an application credential', asked.name, CREDENTIAL_NAME_LENGTH_MAX)
    const secret = newSecret()
    const secretHash = await hashPassword(secret)
    return this.#database.write(() => {
      const stored = this.#credentials.insert({ ...this.#rowOf(asked), secretHash })
      const [credential] = this.#entries([stored])
      if (credential === undefined) throw new Error('what was stored is not there')
      return { credential, secret }
    })
  }

  /** Ends the tokens that were made with it. @param user id or name, where a name alone is not enough */
  async remove(idOrName: string, user?: string): Promise<CredentialEntry> {
    return this.#database.write(() => {
      const entries = this.list(user)
      const found = entries.filter(({ id, name }) => id === idOrName || name === idOrName)
      const [credential, ...others] = found
      if (credential === undefined) throw notFound('credential', idOrName, entries)
      if (others.length > 0) {
        const message = `Several users have an application credential "${idOrName}": name one with --user, or give its id`
        throw new AdministrationError('invalid', message)
      }
      this.#credentials.remove(credential.id)
      return credential
    })
  }

  #rowOf(asked: NewCredential): Omit<CredentialRow, 'secretHash'> {
    const user = theUser(this.#accounts, asked.user)
    if (!user.enabled) {
      throw new AdministrationError('invalid', `User "${user.name}" is disabled`)
    }
    if (this.#credentials.named(user.id, asked.name) !== undefined) {
      const message = `User "${user.name}" has an application credential "${asked.name}" already`
      throw new AdministrationError('conflict', message)
    }
    const project = this.#projectFor(user, asked.project)
    return {
      name: asked.name,
      description: asked.description === undefined ? null : checkDescription(asked.description),
      userId: user.id,
      projectId: project.id,
      roles: this.#rolesFor(user, project, asked.roles),
      isUnrestricted: asked.isUnrestricted,
      expiresAtMs: asked.expiresAtMs,
    }
  }

  #projectFor(user: User, asked: string | undefined): Named {
    const project = asked ?? user.defaultProjectId
    if (project !== null) return theProject(this.#accounts, project)
    const message = `User "${user.name}" has no default project: name the project with --project`
    throw new AdministrationError('invalid', message)
  }

  #rolesFor(user: Named, project: Named, asked: readonly string[]): readonly Named[] {
    const held = this.#accounts.rolesOn(user.id, project.id)
    const where = `on project "${project.name}"`
    if (held.length === 0) {
      const message = `User "${user.name}" has no role ${where}`
      throw new AdministrationError('invalid', message)
    }
    if (asked.length === 0) return held
    const wanted = asked.map(checkRole)
    const missing = wanted.find((name) => held.every((role) => role.name !== name))
    if (missing === undefined) return held.filter(({ name }) => wanted.some((one) => one === name))
    const others = held.map(({ name }) => name).join(', ')
    const message = `User "${user.name}" is not ${missing} ${where}; the roles there are ${others}`
    throw new AdministrationError('invalid', message)
  }

  #entries(stored: readonly StoredCredential[]): CredentialEntry[] {
    const users = byId(this.#accounts.users())
    const projects = byId(this.#accounts.projects())
    return stored.map((credential) => ({
      id: credential.id,
      name: credential.name,
      description: credential.description,
      user: named(credential.userId, users),
      project: named(credential.projectId, projects),
      roles: credential.roles.map(({ name }) => name),
      isUnrestricted: credential.isUnrestricted,
      expiresAtMs: credential.expiresAtMs,
    }))
  }
}

function byId(items: readonly (Account | Named)[]): ReadonlyMap<string, string> {
  return new Map(items.map(({ id, name }) => [id, name]))
}

function named(id: string, names: ReadonlyMap<string, string>): Named {
  return { id, name: names.get(id) ?? id }
}
