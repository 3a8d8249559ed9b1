import { type Database, DatabaseBusy } from '../../database/database.ts'
import { FileTrouble } from '../../file-trouble/file-trouble.ts'
import { type Caller, IdentityUnavailable } from '../identity.ts'
import {
  type IssuedToken,
  type Named,
  type Project,
  type RoleAssignment,
  type Scope,
  type SignIn,
  SignInFault,
  type TokenDescription,
  type TokenService,
  type User,
} from '../token-service.ts'
import { type Account, Accounts } from './accounts.ts'
import { type Attempts, CountedAttempts } from './attempts.ts'
import { PasswordCheck } from './password-check.ts'
import { type NewToken, Tokens } from './tokens.ts'

const HOUR_MS = 3_600_000
export const TOKEN_LIFETIME_MS = 24 * HOUR_MS
const BUSY_RETRY_SECONDS = 2
/** Time in which an operator may make room or repair the disk. */
const UNWRITABLE_RETRY_SECONDS = 30

export interface LocalIdentityOptions {
  readonly tokenLifetimeMs?: number
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Counts the guesses; by default those of this process alone. */
  readonly attempts?: Attempts | undefined
}

/** Users, projects, roles and tokens in the shared SQLite file. */
export class LocalIdentity implements TokenService {
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #tokens: Tokens
  readonly #passwords: PasswordCheck
  readonly #tokenLifetimeMs: number
  readonly #now: () => number

  constructor(database: Database, options: LocalIdentityOptions = {}) {
    this.#now = options.now ?? Date.now
    this.#tokenLifetimeMs = options.tokenLifetimeMs ?? TOKEN_LIFETIME_MS
    this.#database = database
    this.#accounts = new Accounts(database)
    this.#tokens = new Tokens(database, this.#accounts, this.#now)
    this.#passwords = new PasswordCheck(
      this.#accounts,
      options.attempts ?? new CountedAttempts(this.#now),
    )
  }

  async authenticate(token: string): Promise<Caller | undefined> {
    return this.#find(token)?.caller
  }

  async describe(token: string): Promise<TokenDescription | undefined> {
    return this.#find(token)?.description
  }

  async signIn(request: SignIn): Promise<IssuedToken> {
    const parent = request.token === undefined ? undefined : this.#find(request.token)?.description
    if (request.token !== undefined && parent === undefined) throw refused()
    const account = await this.#whoSignsIn(request, parent)
    return this.#write(() => {
      // Checking a password takes a while, in which all of this may have changed.
      const user = this.#accounts.user(account.id)
      if (user === undefined || !user.enabled) throw refused()
      if (user.passwordHash !== account.passwordHash) throw refused()
      if (request.token !== undefined && this.#find(request.token) === undefined) throw refused()
      const row = this.#newToken(user, this.#projectFor(user, request.scope), request, parent)
      const issued = this.#tokens.insert(row)
      if (issued === undefined) throw refused()
      return issued
    })
  }

  async revoke(token: string): Promise<boolean> {
    return this.#write(() => this.#tokens.remove(token))
  }

  async projectsOf(userId: string): Promise<readonly Project[]> {
    return this.#accounts.projectsOf(userId)
  }

  async projects(): Promise<readonly Project[]> {
    return this.#accounts.projects()
  }

  async project(id: string): Promise<Project | undefined> {
    return this.#accounts.project(id)
  }

  async users(): Promise<readonly User[]> {
    return this.#accounts.users().map(withoutPassword)
  }

  async user(id: string): Promise<User | undefined> {
    const account = this.#accounts.user(id)
    return account && withoutPassword(account)
  }

  async roles(): Promise<readonly Named[]> {
    return this.#accounts.roles()
  }

  async roleAssignments(): Promise<readonly RoleAssignment[]> {
    return this.#accounts.effectiveAssignments()
  }

  #find(token: string) {
    try {
      return this.#tokens.find(token)
    } catch (error) {
      throw new IdentityUnavailable('the identity tables could not be read', { cause: error })
    }
  }

  async #whoSignsIn(request: SignIn, parent: TokenDescription | undefined): Promise<Account> {
    const byToken = parent && this.#accounts.user(parent.user.id)
    const account =
      request.password === undefined
        ? byToken
        : await this.#passwords.check(request.password, request.address)
    if (account === undefined) throw refused()
    if (byToken !== undefined && byToken.id !== account.id) throw refused()
    return account
  }

  /** null: unscoped. An unavailable default project is ignored, as in Keystone. */
  #projectFor(user: User, scope: Scope): string | null {
    if (scope.kind === 'unscoped') return null
    if (scope.kind === 'unattainable') throw refused()
    const asked = scope.kind === 'project'
    const reference = asked ? scope.project : { id: user.defaultProjectId ?? '' }
    const project = this.#accounts.findProject(reference)
    if (project?.enabled && this.#accounts.rolesOn(user.id, project.id).length > 0) {
      return project.id
    }
    if (asked) throw refused()
    return null
  }

  /** A token made from a token lives no longer than that one. */
  #newToken(
    user: User,
    projectId: string | null,
    request: SignIn,
    parent: TokenDescription | undefined,
  ): NewToken {
    const methods = new Set(parent?.methods)
    if (request.password !== undefined) methods.add('password')
    if (request.token !== undefined) methods.add('token')
    const issuedAtMs = Math.floor(this.#now() / 1000) * 1000
    return {
      userId: user.id,
      projectId,
      methods: [...methods],
      parentAuditIds: parent?.auditIds ?? [],
      issuedAtMs,
      expiresAtMs: parent?.expiresAtMs ?? issuedAtMs + this.#tokenLifetimeMs,
    }
  }

  async #write<T>(work: () => T): Promise<T> {
    try {
      return await this.#database.write(work)
    } catch (error) {
      if (error instanceof FileTrouble) throw unkeepable(error)
      if (!(error instanceof DatabaseBusy)) throw error
      throw new SignInFault('service.busy', 'The identity tables are busy.', BUSY_RETRY_SECONDS)
    }
  }
}

function unkeepable({ told }: FileTrouble): SignInFault {
  const text = `The server cannot keep new tokens at the moment: ${told}. Try again later.`
  return new SignInFault('service.unwritable', text, UNWRITABLE_RETRY_SECONDS)
}

function refused(): SignInFault {
  return new SignInFault('credentials.refused', 'The user, password, token or scope is not valid.')
}

function withoutPassword({ passwordHash: _, ...user }: Account): User {
  return user
}
