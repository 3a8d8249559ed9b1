import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileTrouble } from '../file-trouble/file-trouble.ts'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'
import { checkFile, DatabaseRefused, locationToRead } from './check-file.ts'
import { MIGRATIONS } from './migrations.ts'
import { Readers, type Reads, stepsFor } from './readers.ts'

/** "AfIm": marks the file as ours, in the SQLite header. */
export const APPLICATION_ID = 0x4166496d

/** How long a write waits for another process's write before it gives up. */
const WRITE_WAIT_MS = 10_000
const WRITE_RETRY_MS = 2
/** Migrations at start may wait for another process that is migrating. */
const MIGRATION_WAIT_MS = 30_000
/** SQLite gives freed memory back above this. */
const CACHE_KIB = 16_384
/** The WAL is copied into the file at this many pages: rarely enough for a long import. */
const CHECKPOINT_PAGES = 8000
/** The WAL file is cut back to this after a checkpoint. */
const WAL_BYTES_MAX = 64 * 1024 * 1024

/** A read that takes longer begins anew, in turns: short enough to be lost. */
const READ_AT_ONCE_MS = 2

const NO_WRITES = { kept: 0, failed: 0, busy: 0, undone: 0, busyWaits: 0, busyWaitMs: 0 }

/** Another process kept the file locked for writing for longer than a write waits. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy'
}

/** Is notified of writes that succeed and that fail. */
export interface WriteWatch {
  failed(trouble: FileTrouble): void
  kept(): void
}

export interface DatabaseOptions {
  /** Only read it: nothing is made, brought up to date or changed. */
  readonly isReadOnly?: boolean
  /** What takes longer is read in turns; see `readInTurns`. */
  readonly readAtOnceMs?: number
}

/**
 * One SQLite file, shared by the catalogue and local identity: WAL, so that readers and the writer
 * never wait for each other; synchronous=FULL, so that an acknowledged write survives power loss.
 */
export class Database implements Disposable {
  readonly sqlite: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly isReadOnly: boolean
  readonly #file: string
  readonly #readers: Readers
  readonly #dataVersion: StatementSync
  readonly #readAtOnceMs: number
  #ownWrites = 0
  #lastVersion = { data: -1, own: -1, text: '' }
  #versionOfTurn: string | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()
  #watch: WriteWatch | undefined
  readonly #counts = { ...NO_WRITES }

  /**
   * @throws DatabaseRefused for a file that is damaged, not ours, or of a version that is not read;
   * FileTrouble
   */
  constructor(
    file: string,
    { isReadOnly = false, readAtOnceMs = READ_AT_ONCE_MS }: DatabaseOptions = {},
  ) {
    this.#file = file
    this.isReadOnly = isReadOnly
    // No other connection sees what is in memory.
    this.#readAtOnceMs = file === ':memory:' ? Number.POSITIVE_INFINITY : readAtOnceMs
    const location = isReadOnly ? locationToRead(file) : file
    if (file !== ':memory:' && existsSync(file)) {
      checkFile(file, APPLICATION_ID, MIGRATIONS.length, location)
    }
    this.sqlite = openSqlite(file, location, isReadOnly)
    this.#readers = new Readers(location)
    try {
      this.sqlite.exec(PRAGMAS)
      if (isReadOnly) this.#checkVersion()
      else this.#makeReady()
      // From here on nothing waits inside SQLite: a wait there would stop the event loop.
      this.sqlite.exec('PRAGMA busy_timeout = 0')
      this.sqlite.exec('CREATE TEMP TABLE last_rowid (reset_to INTEGER PRIMARY KEY)')
      this.#dataVersion = this.sqlite.prepare('PRAGMA data_version')
      this.#dataVersion.setReturnArrays(true)
    } catch (error) {
      this.sqlite.close()
      if (isCorruption(error)) throw new DatabaseRefused(file, 'is damaged', String(error))
      throw sqliteTroubleOf(error, file) ?? error
    }
  }

  /** A statement, prepared once for each text. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /**
   * Runs `work` (synchronous) in one transaction: all of it is kept, or, if it throws, none. Writes
   * of this process go one after another. @throws DatabaseBusy, FileTrouble
   */
  write<T>(work: () => T): Promise<T> {
    const turn = this.#lastWrite.then(() => this.#writeNow(work))
    this.#lastWrite = turn.catch(() => undefined)
    return turn
  }

  /**
   * The same, but synchronous, and waiting inside SQLite for other processes: only before requests
   * are served.
   */
  writeAtStart(work: () => void): void {
    this.sqlite.exec(`PRAGMA busy_timeout = ${MIGRATION_WAIT_MS}`)
    try {
      this.sqlite.exec('BEGIN IMMEDIATE')
      work()
      this.sqlite.exec('COMMIT')
      this.#ownWrites += 1
    } catch (error) {
      if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK')
      throw error
    } finally {
      this.sqlite.exec('PRAGMA busy_timeout = 0')
    }
  }

  /**
   * Writes so far, for metrics: `kept`; `failed` because of the disk; `busy`, because another process
   * was writing for too long; `undone`, by what was to be written. And the waits for other processes.
   */
  stats(): Readonly<typeof NO_WRITES> {
    return { ...this.#counts }
  }

  /** Tells `watch` of every write from now on. */
  watchWrites(watch: WriteWatch): void {
    this.#watch = watch
  }

  /**
   * Writes a value that is there already, to see whether writes work again. @throws DatabaseBusy,
   * FileTrouble
   */
  tryWrite(): Promise<void> {
    return this.write(() => this.sqlite.exec(`PRAGMA user_version = ${MIGRATIONS.length}`))
  }

  /** Runs `work` (synchronous, only reading) on one state of the database. */
  read<T>(work: () => T): T {
    if (this.sqlite.isTransaction) return work()
    this.prepare('BEGIN').run()
    try {
      return work()
    } finally {
      this.prepare('COMMIT').run()
    }
  }

  /**
   * Runs a read that says with each `yield` that it can be interrupted there, on one state of the
   * database: at once if that takes a moment, or else anew, in turns with everything else.
   */
  async readInTurns<T>(read: (reads: Reads) => Generator<undefined, T>): Promise<T> {
    const atOnce = this.read(() => {
      const steps = read(this.sqlite)
      try {
        return stepsFor(this.#readAtOnceMs, steps)
      } finally {
        steps.return(undefined as T) // closes the statement that it stopped in
      }
    })
    return atOnce === undefined ? this.#readers.run(read) : atOnce.value
  }

  /** Changes with every committed write, this process's and others'. */
  version(): string {
    const [dataVersion] = this.#dataVersion.get() as unknown as [number]
    if (dataVersion !== this.#lastVersion.data || this.#ownWrites !== this.#lastVersion.own) {
      const text = `${dataVersion}.${this.#ownWrites}`
      this.#lastVersion = { data: dataVersion, own: this.#ownWrites, text }
    }
    const version = this.#lastVersion.text
    if (this.#versionOfTurn === undefined) {
      setImmediate(() => {
        this.#versionOfTurn = undefined
      })
    }
    this.#versionOfTurn = version
    return version
  }

  /**
   * The version as last read in this turn of the event loop. Reading it anew takes system calls,
   * and every request handled in a turn arrived before the turn began.
   */
  versionOfTurn(): string {
    return this.#versionOfTurn ?? this.version()
  }

  close(): void {
    this.#statements.clear()
    this.#readers[Symbol.dispose]()
    if (this.sqlite.isOpen) this.sqlite.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #writeNow<T>(work: () => T): Promise<T> {
    try {
      const result = await this.#transact(work)
      this.#counts.kept += 1
      this.#watch?.kept()
      return result
    } catch (error) {
      const trouble = sqliteTroubleOf(error, this.#file)
      this.#counts[trouble ? 'failed' : error instanceof DatabaseBusy ? 'busy' : 'undone'] += 1
      if (trouble === undefined) throw error
      this.#watch?.failed(trouble)
      throw trouble
    }
  }

  async #transact<T>(work: () => T): Promise<T> {
    await this.#begin()
    try {
      const result = work()
      this.sqlite.exec('COMMIT')
      this.#ownWrites += 1
      this.#versionOfTurn = undefined
      return result
    } catch (error) {
      if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK')
      // An index that failed half way leaves a last rowid that no number holds: see 0001-catalogue.ts.
      this.sqlite.exec('REPLACE INTO temp.last_rowid VALUES (1)')
      throw error
    }
  }

  async #begin(): Promise<void> {
    if (this.#tryBegin()) return
    const startMs = performance.now()
    this.#counts.busyWaits += 1
    try {
      await this.#wait(startMs + WRITE_WAIT_MS)
    } finally {
      this.#counts.busyWaitMs += performance.now() - startMs
    }
  }

  async #wait(deadlineMs: number): Promise<void> {
    do {
      if (performance.now() > deadlineMs) {
        throw new DatabaseBusy(`another process kept the catalogue locked for ${WRITE_WAIT_MS} ms`)
      }
      await sleep(WRITE_RETRY_MS)
    } while (!this.#tryBegin())
  }

  /** @returns false while another process is writing */
  #tryBegin(): boolean {
    try {
      this.sqlite.exec('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if (!isBusy(error)) throw error
      return false
    }
  }

  #makeReady(): void {
    this.sqlite.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${WAL_BYTES_MAX};
    `)
    this.#migrate()
  }

  #fileVersion(): number {
    return Number(this.sqlite.prepare('PRAGMA user_version').get()?.['user_version'])
  }

  #checkVersion(): void {
    if (this.#fileVersion() === MIGRATIONS.length) return
    const problem = 'was written by an earlier Afterimage and must be brought up to date'
    throw new DatabaseRefused(this.#file, `${problem}: copy its folder to where it may be written`)
  }

  #migrate(): void {
    this.sqlite.exec('BEGIN IMMEDIATE')
    const from = this.#fileVersion()
    for (const step of MIGRATIONS.slice(from)) this.sqlite.exec(step)
    if (from < MIGRATIONS.length) {
      this.sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
      this.sqlite.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    }
    this.sqlite.exec('COMMIT')
  }
}

const PRAGMAS = `
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -${CACHE_KIB};
`

function openSqlite(file: string, location: string | URL, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(location, { readOnly, timeout: MIGRATION_WAIT_MS })
  } catch (error) {
    throw sqliteTroubleOf(error, file) ?? error
  }
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function errorCode(error: unknown): number {
  const code = (error as { errcode?: number } | undefined)?.errcode ?? 0
  return code & 0xff // the low byte is the primary code
}

function isBusy(error: unknown): boolean {
  return errorCode(error) === SQLITE_BUSY
}

function isCorruption(error: unknown): boolean {
  return errorCode(error) === SQLITE_CORRUPT || errorCode(error) === SQLITE_NOTADB
}
