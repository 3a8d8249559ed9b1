import { randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import {
  type ApplicationCredential,
  ApplicationCredentialRefused,
} from '../application-credentials.ts'
import type { Named } from '../token-service.ts'
import { type Accounts, newId } from './accounts.ts'
import { Epoch } from './epoch.ts'

/** More than anybody rotates by hand; one list shows them all. Keystone's own default has no limit. */
export const APPLICATION_CREDENTIALS_PER_USER_MAX = 200
/** As Keystone's: keystone/api/users.py, _generate_secret. */
const SECRET_BYTES = 64

/** An application credential as stored. `secretHash` never leaves this room. */
export interface StoredCredential extends ApplicationCredential {
  readonly secretHash: string
}

/** One that is not stored yet. */
export type CredentialRow = Omit<StoredCredential, 'id'>

type Row = Omit<StoredCredential, 'roles'> & { readonly isUnrestricted: unknown }

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

/** The table of application credentials; mirrors keystone/application_credential/core.py. */
export class ApplicationCredentials {
  readonly #database: Database
  readonly #accounts: Accounts

  constructor(database: Database, accounts: Accounts) {
    this.#database = database
    this.#accounts = accounts
  }

  find(id: string): StoredCredential | undefined {
    return this.#select('WHERE id = ?', id)[0]
  }

  named(userId: string, name: string): StoredCredential | undefined {
    return this.#select('WHERE user_id = ? AND name = ?', userId, name)[0]
  }

  ofUser(userId: string): StoredCredential[] {
    return this.#select('WHERE user_id = ? ORDER BY name', userId)
  }

  all(): StoredCredential[] {
    return this.#select('ORDER BY name, id')
  }

  /**
   * To be asked before the work of hashing a secret, and again inside the transaction.
   * @throws ApplicationCredentialRefused if there is one of this name, if there are too many, or if
   * the user does not have the roles on the project
   */
  refuseImpossible({ userId, projectId, name, roles }: Omit<CredentialRow, 'secretHash'>): void {
    this.#refuseTooMany(userId)
    const held = this.#accounts.rolesOn(userId, projectId)
    const missing = roles.find(({ id }) => held.every((role) => role.id !== id))
    if (missing !== undefined || roles.length === 0) throw unassigned()
    if (this.named(userId, name) === undefined) return
    const message = `Duplicate entry found with name ${name}`
    throw new ApplicationCredentialRefused('name.taken', message)
  }

  /** Must be called inside a transaction. @throws ApplicationCredentialRefused as refuseImpossible */
  insert(row: CredentialRow): StoredCredential {
    this.refuseImpossible(row)
    const id = newId()
    this.#database
      .prepare(
        `INSERT INTO application_credential
           (id, name, description, secret_hash, user_id, project_id, unrestricted, expires_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        row.name,
        row.description,
        row.secretHash,
        row.userId,
        row.projectId,
        Number(row.isUnrestricted),
        row.expiresAtMs,
      )
    const insertRole = this.#database.prepare(
      `INSERT OR IGNORE INTO application_credential_role (application_credential_id, role_id)
       VALUES (?, ?)`,
    )
    for (const role of row.roles) insertRole.run(id, role.id)
    return { ...row, id }
  }

  /** Must be called inside a transaction. Its tokens go with it. @returns whether there was one */
  remove(id: string): boolean {
    return this.#remove('id = ?', id)
  }

  /** The same for all of a user. */
  removeOfUser(userId: string): boolean {
    return this.#remove('user_id = ?', userId)
  }

  /** The same for all of a user on one project. */
  removeOnProject(userId: string, projectId: string): boolean {
    return this.#remove('user_id = ? AND project_id = ?', userId, projectId)
  }

  #remove(where: string, ...values: string[]): boolean {
    const sql = `DELETE FROM application_credential WHERE ${where}`
    const { changes } = this.#database.prepare(sql).run(...values)
    if (changes === 0) return false
    Epoch.advance(this.#database)
    return true
  }

  #refuseTooMany(userId: string): void {
    const sql = 'SELECT count(*) AS count FROM application_credential WHERE user_id = ?'
    const row = this.#database.prepare(sql).get(userId)
    if (Number(row?.['count']) < APPLICATION_CREDENTIALS_PER_USER_MAX) return
    const message =
      'Unable to create additional application credentials, maximum of ' +
      `${APPLICATION_CREDENTIALS_PER_USER_MAX} already exceeded for user.`
    throw new ApplicationCredentialRefused('limit.reached', message)
  }

  #select(rest: string, ...values: string[]): StoredCredential[] {
    const rows = this.#database
      .prepare(
        `SELECT id, name, description, secret_hash AS secretHash, user_id AS userId,
           project_id AS projectId, unrestricted AS isUnrestricted, expires_at_ms AS expiresAtMs
         FROM application_credential ${rest}`,
      )
      .all(...values) as unknown as Row[]
    return rows.map((row) => ({
      ...row,
      isUnrestricted: Boolean(row.isUnrestricted),
      roles: this.rolesOf(row.id),
    }))
  }

  /** Those that it was made with, by name. */
  rolesOf(id: string): Named[] {
    const rows = this.#database
      .prepare(
        `SELECT role.id, role.name FROM application_credential_role
         JOIN role ON role.id = role_id
         WHERE application_credential_id = ? ORDER BY role.name`,
      )
      .all(id) as unknown as Named[]
    return rows.map((role) => ({ id: role.id, name: role.name }))
  }
}

/** In Keystone's words: keystone/api/users.py, _get_roles. */
export function unassigned(): ApplicationCredentialRefused {
  const message = 'Cannot create an application credential with unassigned role'
  return new ApplicationCredentialRefused('role.unassigned', message)
}

export function withoutSecret({ secretHash: _, ...rest }: StoredCredential): ApplicationCredential {
  return rest
}
