import type { Database } from '../../database/database.ts'

/** Audiences whose last change is remembered; beyond that all count as changed. */
const REMEMBERED_MAX = 50_000

const CHANGED_SINCE = 'SELECT audience, revision FROM audience_changes WHERE revision > ?'
const NEWEST = 'SELECT coalesce(max(revision), 0) AS revision FROM audience_changes'

interface Changed {
  readonly audience: string
  readonly revision: number
}

/**
 * The revision at which each audience last changed, over all processes of the file. It is read anew
 * only when the file has changed, and then only what came since.
 */
export class AudienceChanges {
  readonly #database: Database
  readonly #lastChange = new Map<string, number>()
  #databaseVersion: string | undefined
  /** Every audience counts as changed then, unless a later change is remembered. */
  #floor = 0
  #newest = 0

  constructor(database: Database) {
    this.#database = database
  }

  /** To be called within the write that changes the images of these audiences. */
  static note(database: Database, audiences: Iterable<string>, revision: number): void {
    const put = database.prepare('REPLACE INTO audience_changes (audience, revision) VALUES (?, ?)')
    for (const audience of audiences) put.run(audience, revision)
  }

  /** When one of these last changed. @param databaseVersion that which is read now */
  lastOf(audiences: readonly string[], databaseVersion: string): number {
    if (databaseVersion !== this.#databaseVersion) this.#read(databaseVersion)
    let last = this.#floor
    for (const audience of audiences) last = Math.max(last, this.#lastChange.get(audience) ?? 0)
    return last
  }

  #read(databaseVersion: string): void {
    if (this.#databaseVersion === undefined) {
      const { revision } = this.#database.prepare(NEWEST).get() as unknown as Changed
      this.#floor = revision
      this.#newest = revision
    }
    const rows = this.#database.prepare(CHANGED_SINCE).all(this.#newest) as unknown as Changed[]
    for (const { audience, revision } of rows) {
      this.#lastChange.set(audience, revision)
      this.#newest = Math.max(this.#newest, revision)
    }
    if (this.#lastChange.size > REMEMBERED_MAX) {
      this.#lastChange.clear()
      this.#floor = this.#newest
    }
    this.#databaseVersion = databaseVersion
  }
}
