import { hash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Caller, TokenWatch } from '../identity.ts'
import type { IssuedToken, Named, TokenDescription } from '../token-service.ts'
import type { Accounts } from './accounts.ts'
import type { ApplicationCredentials } from './application-credentials.ts'
import { Epoch } from './epoch.ts'

/** Lets people and scanners recognise a token; and a token never starts with a dash. */
const TOKEN_PREFIX = 'ait_'
const TOKEN_BYTES = 32
const TOKEN_FORM = /^ait_[A-Za-z0-9_-]{43}$/
const AUDIT_ID_BYTES = 16

/** Tokens remembered in memory; the least recently used goes first. */
export const REMEMBERED_TOKENS_MAX = 10_000
/** A user with more live tokens than this loses the oldest tenth of them. */
export const TOKENS_PER_USER_MAX = 10_000
/** Expired tokens removed along with one sign-in, at most. */
const SWEEP_ROWS_MAX = 100

/** A token's meaning, worked out once. */
export interface KnownToken {
  readonly caller: Caller
  readonly description: TokenDescription
}

/** What a token row says; roles are looked up when it is read. */
export interface NewToken {
  readonly userId: string
  readonly projectId: string | null
  /** The token has only its roles, and ends with it. */
  readonly applicationCredentialId: string | null
  readonly methods: readonly string[]
  /** Of the token that this one is made from. */
  readonly parentAuditIds: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

interface TokenRow {
  readonly userId: string
  readonly userName: string
  readonly projectId: string | null
  readonly projectName: string | null
  readonly credentialId: string | null
  readonly credentialName: string | null
  readonly isUnrestricted: number | null
  readonly methods: string
  readonly auditIds: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** The token table, and a memory of it that is never stale. */
export class Tokens {
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #credentials: ApplicationCredentials
  readonly #epoch: Epoch
  readonly #now: () => number
  readonly #remembered = new Map<string, KnownToken>()
  #rememberedEpoch = -1

  constructor(
    database: Database,
    accounts: Accounts,
    credentials: ApplicationCredentials,
    now: () => number,
  ) {
    this.#database = database
    this.#accounts = accounts
    this.#credentials = credentials
    this.#epoch = new Epoch(database)
    this.#now = now
  }

  /** undefined for an unknown, expired or revoked token. @param watch told what was found */
  find(token: string, watch?: TokenWatch): KnownToken | undefined {
    if (!TOKEN_FORM.test(token)) {
      watch?.('malformed')
      return undefined
    }
    return this.#findByHash(hashOf(token), watch)
  }

  /** `find` for one token, which is hashed once. */
  follow(token: string): (watch?: TokenWatch) => KnownToken | undefined {
    if (!TOKEN_FORM.test(token)) return (watch) => this.find(token, watch)
    const key = hashOf(token)
    return (watch) => this.#findByHash(key, watch)
  }

  #findByHash(key: string, watch: TokenWatch | undefined): KnownToken | undefined {
    const epoch = this.#epoch.current()
    if (epoch !== this.#rememberedEpoch) {
      this.#remembered.clear()
      this.#rememberedEpoch = epoch
    }
    const remembered = this.#remembered.get(key)
    const known = remembered ?? this.#read(key)
    if (known === undefined) {
      watch?.('unknown')
      return undefined
    }
    this.#remembered.delete(key)
    if (known.caller.expiresAtMs <= this.#now()) {
      watch?.('expired')
      return undefined
    }
    watch?.(remembered === undefined ? 'found' : 'remembered')
    this.#remember(key, known)
    return known
  }

  /**
   * Must be called inside a transaction. The token's text is not stored. @returns undefined if the
   * token would be invalid; the transaction must be rolled back then.
   */
  insert(row: NewToken): IssuedToken | undefined {
    this.#sweep(row.userId)
    const token = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
    const auditIds = [randomBytes(AUDIT_ID_BYTES).toString('base64url')]
    const first = row.parentAuditIds.at(-1)
    if (first !== undefined) auditIds.push(first)
    this.#database
      .prepare(
        `INSERT INTO token
           (hash, user_id, project_id, application_credential_id, methods, audit_ids,
            issued_at_ms, expires_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        hashOf(token),
        row.userId,
        row.projectId,
        row.applicationCredentialId,
        row.methods.join(' '),
        auditIds.join(' '),
        row.issuedAtMs,
        row.expiresAtMs,
      )
    // Not `find`: what is not committed yet must not be remembered.
    const description = this.#read(hashOf(token))?.description
    return description && { token, description }
  }

  /** Must be called inside a transaction. @returns whether there was such a token. */
  remove(token: string): boolean {
    const removed = this.#database.prepare('DELETE FROM token WHERE hash = ?').run(hashOf(token))
    if (removed.changes === 0) return false
    Epoch.advance(this.#database)
    return true
  }

  /** Expired tokens are refused anyway, so removing them need not clear any remembered tokens. */
  #sweep(userId: string): void {
    this.#database
      .prepare(
        `DELETE FROM token WHERE hash IN
           (SELECT hash FROM token WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
      )
      .run(this.#now(), SWEEP_ROWS_MAX)
    const row = this.#database
      .prepare('SELECT count(*) AS count FROM token WHERE user_id = ?')
      .get(userId)
    if (Number(row?.['count']) < TOKENS_PER_USER_MAX) return
    this.#database
      .prepare(
        `DELETE FROM token WHERE hash IN
           (SELECT hash FROM token WHERE user_id = ? ORDER BY issued_at_ms LIMIT ?)`,
      )
      .run(userId, TOKENS_PER_USER_MAX / 10)
    Epoch.advance(this.#database)
  }

  #read(key: string): KnownToken | undefined {
    const row = this.#database
      .prepare(
        `SELECT token.user_id AS userId, user.name AS userName,
           token.project_id AS projectId, project.name AS projectName,
           credential.id AS credentialId, credential.name AS credentialName,
           credential.unrestricted AS isUnrestricted, methods, audit_ids AS auditIds,
           issued_at_ms AS issuedAtMs, token.expires_at_ms AS expiresAtMs
         FROM token
         JOIN user ON user.id = token.user_id AND user.enabled
         LEFT JOIN project ON project.id = token.project_id
         LEFT JOIN application_credential AS credential
           ON credential.id = application_credential_id
         WHERE hash = ? AND (token.project_id IS NULL OR project.enabled)`,
      )
      .get(key) as TokenRow | undefined
    if (row === undefined) return undefined
    const roles = this.#rolesOf(row)
    if (row.projectId !== null && roles.length === 0) return undefined
    return knownToken(row, roles)
  }

  /** Of those of an application credential the ones that its user still has. */
  #rolesOf({ userId, projectId, credentialId }: TokenRow): Named[] {
    if (projectId === null) return []
    const held = this.#accounts.rolesOn(userId, projectId)
    if (credentialId === null) return held
    const given = new Set(this.#credentials.rolesOf(credentialId).map(({ id }) => id))
    return held.filter(({ id }) => given.has(id))
  }

  #remember(key: string, known: KnownToken): void {
    this.#remembered.set(key, known)
    if (this.#remembered.size <= REMEMBERED_TOKENS_MAX) return
    const oldest = this.#remembered.keys().next()
    if (oldest.done !== true) this.#remembered.delete(oldest.value)
  }
}

/** The project that the first start makes for the operator. */
const ADMIN_PROJECT = 'admin'

function knownToken(row: TokenRow, roles: TokenDescription['roles']): KnownToken {
  const names = roles.map(({ name }) => name)
  const isAdmin = names.includes('admin')
  const caller: Caller = Object.freeze({
    userId: row.userId,
    userName: row.userName,
    projectId: row.projectId,
    roles: Object.freeze(names),
    isAdmin,
    ...(isAdmin && row.projectName !== ADMIN_PROJECT ? { isProjectAdmin: true } : {}),
    mayWrite: isAdmin || names.includes('member'),
    expiresAtMs: row.expiresAtMs,
  })
  const description: TokenDescription = {
    user: { id: row.userId, name: row.userName },
    project:
      row.projectId === null ? null : { id: row.projectId, name: row.projectName ?? row.projectId },
    roles,
    methods: row.methods.split(' '),
    ...(row.credentialId === null
      ? {}
      : {
          applicationCredential: {
            id: row.credentialId,
            name: row.credentialName ?? row.credentialId,
            isRestricted: !row.isUnrestricted,
          },
        }),
    auditIds: row.auditIds.split(' '),
    issuedAtMs: row.issuedAtMs,
    expiresAtMs: row.expiresAtMs,
  }
  return { caller, description }
}

function hashOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
