import { chmodSync, existsSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'
import { type CallerKey, type CallerRow, DAY_SECONDS, MERGED, printDay } from './caller-row.ts'

/** "AfLd": marks the file as a ledger, in the SQLite header. */
const APPLICATION_ID = 0x41664c64
const FORMAT = 1
const OWNER_ONLY = 0o600
/** How long the start and a command wait for another process that is writing. */
const WAIT_MS = 5000
/** More would hold up what else the process does. */
const MERGED_AT_ONCE_MAX = 500

/** synchronous=NORMAL: a power cut may cost the last second of counts, never the file. */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
`

const TABLES = `
  CREATE TABLE caller (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    client TEXT NOT NULL,
    client_version TEXT NOT NULL,
    operation TEXT NOT NULL,
    filters TEXT NOT NULL,
    prefix TEXT NOT NULL,
    microversion TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    user_name TEXT,
    address TEXT,
    UNIQUE (project_id, user_id, client, client_version, operation, filters, prefix, microversion)
  ) STRICT;
  CREATE INDEX caller_last_seen ON caller (last_seen_at);
  CREATE TABLE calls (
    caller_id INTEGER NOT NULL REFERENCES caller (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (caller_id, day)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE merged (rows INTEGER NOT NULL) STRICT;
  INSERT INTO merged VALUES (0);
`

/** The file is not one to open. `message` names it and says what to do. */
export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused'
}

/** Counts to be added to one row. */
export interface Addition {
  readonly key: CallerKey
  readonly userName: string | undefined
  readonly address: string | undefined
  /** Unix seconds. */
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  /** By days since 1970-01-01. */
  readonly days: ReadonlyMap<number, number>
}

/** What is asked of the ledger; what is left out asks nothing. */
export interface LedgerQuery {
  readonly projectId?: string
  readonly client?: string
  /** Days since 1970-01-01: only calls of this day and later, and their callers. */
  readonly sinceDay?: number
  /** Rows after this one. */
  readonly marker?: number
  readonly limit?: number
}

/** The SQLite file of a ledger. Several processes may use it: their counts are added up. */
export class LedgerFile implements Disposable {
  readonly #sqlite: DatabaseSync
  readonly #addRow: StatementSync
  readonly #addCalls: StatementSync
  readonly #countRows: StatementSync

  /** Opens the file, or makes it readable for its owner only. @throws LedgerRefused, FileTrouble */
  constructor(file: string) {
    const isNew = !existsSync(file)
    try {
      this.#sqlite = new DatabaseSync(file, { timeout: WAIT_MS })
      if (isNew) chmodSync(file, OWNER_ONLY)
      this.#prepare(file)
    } catch (error) {
      if (error instanceof LedgerRefused) throw error
      const trouble = sqliteTroubleOf(error, file)
      if (trouble !== undefined) throw trouble
      const reason = (error as Error).message
      throw new LedgerRefused(
        `ledger ${file} cannot be used (${reason}); move it away or name another`,
      )
    }
    this.#addRow = this.#sqlite.prepare(ADD_ROW)
    this.#addCalls = this.#sqlite.prepare(ADD_CALLS)
    this.#countRows = this.#sqlite.prepare('SELECT count(*) AS rows FROM caller')
  }

  #prepare(file: string): void {
    this.#sqlite.exec(PRAGMAS)
    this.#sqlite.exec('BEGIN IMMEDIATE')
    const id = this.#pragma('application_id')
    const version = this.#pragma('user_version')
    if (id === 0 && version === 0) {
      this.#sqlite.exec(TABLES)
      this.#sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
      this.#sqlite.exec(`PRAGMA user_version = ${FORMAT}`)
    } else if (id !== APPLICATION_ID) {
      throw new LedgerRefused(`ledger ${file} is a database, but no ledger; name another file`)
    } else if (version > FORMAT) {
      throw new LedgerRefused(`ledger ${file} was written by a newer Afterimage; name another file`)
    }
    this.#sqlite.exec('COMMIT')
  }

  #pragma(name: string): number {
    return Number(Object.values(this.#sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0])
  }

  /** From here on nothing waits inside SQLite for other processes: `add` throws instead. */
  stopWaiting(): void {
    this.#sqlite.exec('PRAGMA busy_timeout = 0')
  }

  /** Adds all of it in one transaction, or throws and adds nothing. */
  add(additions: Iterable<Addition>): void {
    this.#transaction(() => {
      for (const { key, userName, address, firstSeenAt, lastSeenAt, days } of additions) {
        const added = this.#addRow.get(
          key.projectId,
          key.userId,
          key.client,
          key.clientVersion,
          key.operation,
          key.filters.join(','),
          key.prefix,
          key.microversion,
          firstSeenAt,
          lastSeenAt,
          userName ?? null,
          address ?? null,
        )
        const id = Number(added?.['id'])
        for (const [day, count] of days) this.#addCalls.run(id, day, count)
      }
    })
  }

  /** Merges the least recently seen rows into one, a few at a time, until `rowsMax` are left. */
  trim(rowsMax: number): void {
    const { rows } = this.#countRows.get() ?? {}
    const excess = Number(rows) - rowsMax
    if (excess <= 0) return
    // The row that they become has to have a place, too.
    const isThere = this.#sqlite.prepare(`SELECT 1 FROM caller WHERE operation = '${MERGED}'`).get()
    const count = excess + (isThere === undefined ? 1 : 0)
    this.#transaction(() => this.#merge(Math.min(count, MERGED_AT_ONCE_MAX)))
  }

  /** Forgets the days before `firstDay`, and rows without any other. */
  forgetBefore(firstDay: number): void {
    this.#transaction(() => {
      this.#sqlite.prepare('DELETE FROM calls WHERE day < ?').run(firstDay)
      this.#sqlite.exec('DELETE FROM caller WHERE id NOT IN (SELECT caller_id FROM calls)')
    })
  }

  #merge(count: number): void {
    const oldest = `SELECT id FROM caller WHERE operation <> '${MERGED}' ORDER BY last_seen_at, id LIMIT ?`
    const seen = this.#sqlite
      .prepare(
        `SELECT min(first_seen_at) AS first, max(last_seen_at) AS last FROM caller WHERE id IN (${oldest})`,
      )
      .get(count)
    if (typeof seen?.['first'] !== 'number') return
    const into = this.#addRow.get(
      ...['', '', '', '', MERGED, '', '', ''],
      seen['first'],
      Number(seen['last']),
      null,
      null,
    )
    const id = Number(into?.['id'])
    this.#sqlite
      .prepare(
        `INSERT INTO calls SELECT ?, day, sum(count) FROM calls WHERE caller_id IN (${oldest}) GROUP BY day
         ON CONFLICT DO UPDATE SET count = count + excluded.count`,
      )
      .run(id, count)
    this.#sqlite.prepare(`DELETE FROM caller WHERE id IN (${oldest})`).run(count)
    this.#sqlite.prepare('UPDATE merged SET rows = rows + ?').run(count)
  }

  /** How many rows have been merged away so far. */
  mergedRows(): number {
    return Number(this.#sqlite.prepare('SELECT rows FROM merged').get()?.['rows'])
  }

  /** Rows in the order in which they were first seen, with their days. */
  read({ projectId, client, sinceDay, marker, limit }: LedgerQuery): readonly CallerRow[] {
    const rows = this.#sqlite
      .prepare(
        `SELECT * FROM caller
         WHERE (?1 IS NULL OR project_id = ?1) AND (?2 IS NULL OR client = ?2) AND id > ?3
           AND (?4 IS NULL OR EXISTS (SELECT 1 FROM calls WHERE caller_id = id AND day >= ?4))
         ORDER BY id LIMIT ?5`,
      )
      .all(projectId ?? null, client ?? null, marker ?? 0, sinceDay ?? null, limit ?? -1)
    const days = this.#sqlite.prepare(
      'SELECT day, count FROM calls WHERE caller_id = ? AND day >= ? ORDER BY day',
    )
    return rows.map((row) => readRow(row, days.all(Number(row['id']), sinceDay ?? 0)))
  }

  #transaction(work: () => void): void {
    this.#sqlite.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#sqlite.exec('COMMIT')
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
      throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.#sqlite.isOpen) this.#sqlite.close()
  }
}

const ADD_ROW = `
  INSERT INTO caller (project_id, user_id, client, client_version, operation, filters, prefix,
    microversion, first_seen_at, last_seen_at, user_name, address)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET
    first_seen_at = min(first_seen_at, excluded.first_seen_at),
    last_seen_at = max(last_seen_at, excluded.last_seen_at),
    user_name = coalesce(excluded.user_name, user_name),
    address = coalesce(excluded.address, address)
  RETURNING id`

const ADD_CALLS = `
  INSERT INTO calls VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`

type Row = Record<string, SQLOutputValue>

function readRow(row: Row, days: readonly Row[]): CallerRow {
  const text = (column: string) => String(row[column])
  const optional = (column: string) => (row[column] === null ? undefined : text(column))
  return {
    id: Number(row['id']),
    projectId: text('project_id'),
    userId: text('user_id'),
    client: text('client'),
    clientVersion: text('client_version'),
    operation: text('operation'),
    filters: text('filters')
      .split(',')
      .filter((name) => name !== ''),
    prefix: text('prefix'),
    microversion: text('microversion'),
    firstSeenAt: Number(row['first_seen_at']),
    lastSeenAt: Number(row['last_seen_at']),
    userName: optional('user_name'),
    address: optional('address'),
    days: new Map(days.map(({ day, count }) => [printDay(Number(day)), Number(count)])),
  }
}

/** Whether another process was writing, so that a retry will soon succeed. */
export function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY
}

const SQLITE_BUSY = 5

/** @param atSeconds Unix seconds @returns days since 1970-01-01 */
export function dayOf(atSeconds: number): number {
  return Math.floor(atSeconds / DAY_SECONDS)
}
