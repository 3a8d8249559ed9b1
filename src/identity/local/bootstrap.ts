import { randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import { Accounts, newId, type RoleName } from './accounts.ts'
import { checkPassword } from './checks.ts'
import { Epoch } from './epoch.ts'
import { hashPassword } from './password.ts'

const GENERATED_PASSWORD_BYTES = 18

/** A user made at the first start, with the only copy of the password. */
export interface FirstAccount {
  readonly userId: string
  readonly userName: string
  readonly projectId: string
  readonly projectName: string
  readonly password: string
}

export interface FirstAccounts {
  readonly admin: FirstAccount
  readonly demo: FirstAccount
}

export interface BootstrapOptions {
  /** For both users; generated, a different one each, when absent. */
  readonly password?: string
  /**
   * Writes the passwords to a file for the operator. It runs before the users are committed: if it
   * throws, no user is made, and the next start tries again.
   */
  readonly keep: (accounts: FirstAccounts) => void
}

/**
 * Makes projects and users `admin` (role admin) and `demo` (role member) in a database without any
 * user. @returns undefined, and changes nothing, if there are users already.
 * @throws AdministrationError for an invalid password, DatabaseBusy
 */
export async function bootstrap(
  database: Database,
  options: BootstrapOptions,
): Promise<FirstAccounts | undefined> {
  if (hasUsers(database)) return undefined
  const passwords = {
    admin: firstPassword(options.password),
    demo: firstPassword(options.password),
  }
  const [adminHash, demoHash] = await Promise.all([
    hashPassword(passwords.admin),
    hashPassword(passwords.demo),
  ])
  return database.write(() => {
    if (hasUsers(database)) return undefined // another process was first
    const accounts = {
      admin: { ...insertAccount(database, 'admin', adminHash, 'admin'), password: passwords.admin },
      demo: { ...insertAccount(database, 'demo', demoHash, 'member'), password: passwords.demo },
    }
    Epoch.advance(database)
    options.keep(accounts)
    return accounts
  })
}

function hasUsers(database: Database): boolean {
  return database.prepare('SELECT 1 FROM user LIMIT 1').get() !== undefined
}

function firstPassword(given: string | undefined): string {
  if (given !== undefined) return checkPassword(given)
  return randomBytes(GENERATED_PASSWORD_BYTES).toString('base64url')
}

/** A user and the project of the same name, which may be there already. */
function insertAccount(
  database: Database,
  name: string,
  passwordHash: string,
  role: RoleName,
): Omit<FirstAccount, 'password'> {
  const userId = newId()
  const projectId = new Accounts(database).projectNamed(name)?.id ?? newId()
  database
    .prepare('INSERT OR IGNORE INTO project (id, name, description, enabled) VALUES (?, ?, ?, 1)')
    .run(projectId, name, '')
  database
    .prepare(
      `INSERT INTO user (id, name, password_hash, enabled, default_project_id)
       VALUES (?, ?, ?, 1, ?)`,
    )
    .run(userId, name, passwordHash, projectId)
  database
    .prepare(
      `INSERT INTO role_assignment (user_id, project_id, role_id)
       SELECT ?, ?, id FROM role WHERE name = ?`,
    )
    .run(userId, projectId, role)
  return { userId, userName: name, projectId, projectName: name }
}
