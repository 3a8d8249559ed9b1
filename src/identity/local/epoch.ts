import type { Database } from '../../database/database.ts'

/**
 * Counts the changes that may make a remembered token wrong: revocations, and any change of users,
 * projects and roles. New tokens do not count, so a sign-in does not clear remembered tokens.
 */
export class Epoch {
  readonly #database: Database
  #databaseVersion = ''
  #epoch = -1

  constructor(database: Database) {
    this.#database = database
  }

  /** Must be called inside the transaction that makes the change. */
  static advance(database: Database): void {
    database.prepare('UPDATE identity_epoch SET epoch = epoch + 1').run()
  }

  /** Includes other processes' changes; reads a row only after a write to the file. */
  current(): number {
    const version = this.#database.version()
    if (version === this.#databaseVersion) return this.#epoch
    const row = this.#database.prepare('SELECT epoch FROM identity_epoch').get()
    this.#databaseVersion = version
    this.#epoch = Number(row?.['epoch'])
    return this.#epoch
  }
}
