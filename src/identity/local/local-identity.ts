import type { Database } from '../../database/database.ts'
import type { ApplicationCredentialService, UserService } from '../application-credentials.ts'
import { type Caller, IdentityUnavailable, type TokenWatch } from '../identity.ts'
import {
  type IssuedToken,
  type Named,
  type Project,
  type RoleAssignment,
  type Scope,
  type SignIn,
  SignInFault,
  type TokenDescription,
  type User,
} from '../token-service.ts'
import { type Account, Accounts } from './accounts.ts'
import { ApplicationCredentials, type StoredCredential } from './application-credentials.ts'
import { type Attempts, CountedAttempts } from './attempts.ts'
import { LocalApplicationCredentials } from './credential-service.ts'
import { keptWrite } from './kept-write.ts'
import { PasswordCheck } from './password-check.ts'
import { type NewToken, Tokens } from './tokens.ts'

const HOUR_MS = 3_600_000
export const TOKEN_LIFETIME_MS = 24 * HOUR_MS

export interface LocalIdentityOptions {
  readonly tokenLifetimeMs?: number
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Counts the guesses; by default those of this process alone. */
  readonly attempts?: Attempts | undefined
  readonly watch?: TokenWatch | undefined
}

/** Users, projects, roles and tokens in the shared SQLite file. */
export class LocalIdentity implements UserService {
  readonly applicationCredentials: ApplicationCredentialService
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #credentials: ApplicationCredentials
  readonly #tokens: Tokens
  readonly #passwords: PasswordCheck
  readonly #tokenLifetimeMs: number
  readonly #now: () => number
  readonly #watch: TokenWatch | undefined

  constructor(database: Database, options: LocalIdentityOptions = {}) {
    this.#now = options.now ?? Date.now
    this.#watch = options.watch
    this.#tokenLifetimeMs = options.tokenLifetimeMs ?? TOKEN_LIFETIME_MS
    this.#database = database
    this.#accounts = new Accounts(database)
    this.#credentials = new ApplicationCredentials(database, this.#accounts)
    this.#tokens = new Tokens(database, this.#accounts, this.#credentials, this.#now)
    this.#passwords = new PasswordCheck(this.#accounts, this.#credentials, {
      attempts: options.attempts ?? new CountedAttempts(this.#now),
      now: this.#now,
    })
    this.applicationCredentials = new LocalApplicationCredentials({
      database,
      accounts: this.#accounts,
      credentials: this.#credentials,
      tokens: this.#tokens,
      now: this.#now,
    })
  }

  async authenticate(token: string): Promise<Caller | undefined> {
    return this.#find(token, this.#watch)?.caller
  }

  follow(token: string): () => Caller | undefined {
    const find = this.#tokens.follow(token)
    return () => this.#orUnavailable(() => find(this.#watch))?.caller
  }

  async describe(token: string): Promise<TokenDescription | undefined> {
    return this.#find(token, this.#watch)?.description
  }

  async signIn(request: SignIn): Promise<IssuedToken> {
    const parent =
      request.token === undefined ? undefined : this.#find(request.token, this.#watch)?.description
    if (request.token !== undefined && parent === undefined) throw refused()
    const { account, credential } = await this.#whoSignsIn(request, parent)
    return keptWrite(this.#database, () => {
      // Checking a password takes a while, in which all of this may have changed.
      const user = this.#accounts.user(account.id)
      if (user === undefined || !user.enabled) throw refused()
      if (user.passwordHash !== account.passwordHash) throw refused()
      if (request.token !== undefined && this.#find(request.token) === undefined) throw refused()
      const bound = this.#boundTo(credential, parent)
      const projectId =
        bound === undefined
          ? this.#projectFor(user, request.scope)
          : this.#projectOf(bound, request.scope)
      const issued = this.#tokens.insert({
        userId: user.id,
        projectId,
        applicationCredentialId: bound?.id ?? null,
        methods: methodsOf(request, parent),
        parentAuditIds: parent?.auditIds ?? [],
        ...this.#lifetimeOf(bound, parent),
      })
      if (issued === undefined) throw refused()
      return issued
    })
  }

  async revoke(token: string): Promise<boolean> {
    return keptWrite(this.#database, () => this.#tokens.remove(token))
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

  #find(token: string, watch?: TokenWatch) {
    return this.#orUnavailable(() => this.#tokens.find(token, watch), watch)
  }

  #orUnavailable<T>(find: () => T, watch = this.#watch): T {
    try {
      return find()
    } catch (error) {
      watch?.('unavailable')
      throw new IdentityUnavailable('the identity tables could not be read', { cause: error })
    }
  }

  /** Every way that was taken must lead to the same user. */
  async #whoSignsIn(request: SignIn, parent: TokenDescription | undefined): Promise<Proven> {
    const proven: (Account | undefined)[] = []
    if (parent !== undefined) proven.push(this.#accounts.user(parent.user.id))
    const { password, applicationCredential, address } = request
    if (password !== undefined) proven.push(await this.#passwords.check(password, address))
    let credential: StoredCredential | undefined
    if (applicationCredential !== undefined) {
      credential = await this.#passwords.checkSecret(applicationCredential, address)
      proven.push(credential && this.#accounts.user(credential.userId))
    }
    const [account, ...others] = proven
    if (account === undefined || others.some((other) => other?.id !== account.id)) throw refused()
    return { account, credential }
  }

  /**
   * The application credential whose limits the new token has: one that was just checked, or that of
   * the token it is made from, so that no token leads out of them.
   */
  #boundTo(
    checked: StoredCredential | undefined,
    parent: TokenDescription | undefined,
  ): StoredCredential | undefined {
    const inherited = parent?.applicationCredential?.id
    const id = checked?.id ?? inherited
    if (id === undefined) return undefined
    if (inherited !== undefined && inherited !== id) throw refused()
    const credential = this.#credentials.find(id)
    if (credential === undefined || !this.#passwords.isUsable(credential)) throw refused()
    return credential
  }

  /** Its own is the only one; mirrors _set_scope_from_app_cred of keystone/auth/core.py. */
  #projectOf({ projectId }: StoredCredential, scope: Scope): string {
    if (scope.kind === 'default') return projectId
    const isOwn =
      scope.kind === 'project' && this.#accounts.findProject(scope.project)?.id === projectId
    if (!isOwn) throw refused()
    return projectId
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

  /** No longer than that of the token that it is made from, or of the application credential. */
  #lifetimeOf(
    credential: StoredCredential | undefined,
    parent: TokenDescription | undefined,
  ): Pick<NewToken, 'issuedAtMs' | 'expiresAtMs'> {
    const issuedAtMs = Math.floor(this.#now() / 1000) * 1000
    const expiresAtMs = parent?.expiresAtMs ?? issuedAtMs + this.#tokenLifetimeMs
    const endMs = credential?.expiresAtMs ?? Number.POSITIVE_INFINITY
    return { issuedAtMs, expiresAtMs: Math.min(expiresAtMs, endMs) }
  }
}

/** Who signs in, and with which application credential if with one. */
interface Proven {
  readonly account: Account
  readonly credential: StoredCredential | undefined
}

function methodsOf(request: SignIn, parent: TokenDescription | undefined): readonly string[] {
  const methods = new Set(parent?.methods)
  if (request.password !== undefined) methods.add('password')
  if (request.applicationCredential !== undefined) methods.add('application_credential')
  if (request.token !== undefined) methods.add('token')
  return [...methods]
}

function refused(): SignInFault {
  return new SignInFault('credentials.refused', 'The user, password, token or scope is not valid.')
}

function withoutPassword({ passwordHash: _, ...user }: Account): User {
  return user
}
