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

let template: Promise<Template> | undefined

/** Hashing two passwords for every test would take longer than the tests. */
async function bootstrapOnce(): Promise<Template> {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-identity-'))
  try {
    const file = join(folder, 'afterimage.db')
    const database = new Database(file)
    const accounts = await bootstrap(database, { password: PASSWORD, keep: () => undefined })
    database.close()
    if (accounts === undefined) throw new Error('a new file has users')
    return { bytes: readFileSync(file), accounts }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A bootstrapped identity in a file of its own; `admin` and `demo` have PASSWORD. */
export async function house(t: TestContext): Promise<House> {
  template ??= bootstrapOnce()
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
