import { scryptSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Database } from '../../src/database/database.ts'
import { Administration } from '../../src/identity/local/administration.ts'
import { bootstrap, type FirstAccounts } from '../../src/identity/local/bootstrap.ts'
import { LocalIdentity } from '../../src/identity/local/local-identity.ts'
import { DOMAIN, type Scope, type SignIn } from '../../src/identity/token-service.ts'

export const PASSWORD = 'correct horse'

/** A clock that stands still until it is told to move. */
export class Clock {
  nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  readonly now = () => this.nowMs
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-identity-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface House {
  readonly database: Database
  readonly identity: LocalIdentity
  readonly administration: Administration
  readonly accounts: FirstAccounts
  readonly clock: Clock
  /** Another connection to the same file, as another process has. */
  openAgain(): Database
}

interface Template {
  readonly bytes: Buffer
  readonly accounts: FirstAccounts
}

const templates = new Map<boolean, Promise<Template>>()

/** A stored hash says its own parameters; these take a millisecond, since most tests that sign in are not about that. */
function cheapHash(password: string): string {
  const salt = Buffer.from('salt')
  const key = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 })
  return `scrypt$10$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Hashing two passwords for every test would take longer than the tests. */
async function bootstrapOnce(isCheap: boolean): Promise<Template> {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-identity-'))
  try {
    const file = join(folder, 'afterimage.db')
    const database = new Database(file)
    const accounts = await bootstrap(database, { password: PASSWORD, keep: () => undefined })
    if (isCheap) database.prepare('UPDATE user SET password_hash = ?').run(cheapHash(PASSWORD))
    database.close()
    if (accounts === undefined) throw new Error('a new file has users')
    return { bytes: readFileSync(file), accounts }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * A bootstrapped identity in a file of its own; `admin` and `demo` have PASSWORD.
 * @param isCheap whether checking it takes a millisecond, unlike a real password
 */
export async function house(t: TestContext, isCheap = true): Promise<House> {
  const template = templates.get(isCheap) ?? bootstrapOnce(isCheap)
  templates.set(isCheap, template)
  const { bytes, accounts } = await template
  const file = join(temporaryFolder(t), 'afterimage.db')
  writeFileSync(file, bytes)
  const open = () => {
    const database = new Database(file)
    t.after(() => database.close())
    return database
  }
  const database = open()
  const clock = new Clock()
  return {
    database,
    identity: new LocalIdentity(database, { now: clock.now }),
    administration: new Administration(database),
    accounts,
    clock,
    openAgain: open,
  }
}

export function byPassword(
  name: string,
  password = PASSWORD,
  scope: Scope = { kind: 'default' },
): SignIn {
  const user = { name, domain: { id: DOMAIN.id } }
  return { password: { user, password }, scope, address: '192.0.2.1' }
}

export function byToken(token: string, scope: Scope = { kind: 'default' }): SignIn {
  return { token, scope, address: '192.0.2.1' }
}

export function onProject(name: string): Scope {
  return { kind: 'project', project: { name, domain: { name: DOMAIN.name } } }
}
