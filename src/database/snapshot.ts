import { closeSync, openSync } from 'node:fs'
import { backup, DatabaseSync, type StatementSync } from 'node:sqlite'
import { FileTrouble } from '../file-trouble/file-trouble.ts'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'
import { checkFile, DatabaseRefused, locationToRead } from './check-file.ts'
import { APPLICATION_ID } from './database.ts'
import { MIGRATIONS } from './migrations.ts'
import type { Reads } from './readers.ts'

/** How long to wait for another process's write or checkpoint. */
const WAIT_MS = 30_000
const OWNER_ONLY = 0o600
/** Pages copied in one step: often enough to show progress and to be interrupted. */
const STEP_PAGES = 1000
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC'])

export interface SnapshotOptions {
  /** Nobody writes to the file, as in a backup: nothing is made beside it either. */
  readonly isStill: boolean
}

export interface CopyWatch {
  readonly signal: AbortSignal
  /** Called with the share that is done, from 0 to 1. */
  onShare(share: number): void
}

/**
 * One state of a database file, in whichever version it is: what others write later is not seen.
 * Meanwhile the file's WAL cannot be cut back, so it is not to be kept for long.
 */
export class Snapshot implements Reads, Disposable {
  readonly #file: string
  readonly #sqlite: DatabaseSync

  /** @throws FileTrouble, DatabaseRefused */
  constructor(file: string, { isStill }: SnapshotOptions) {
    this.#file = file
    this.#sqlite = openToRead(file, isStill)
    try {
      this.#sqlite.exec('PRAGMA query_only = ON; BEGIN')
      this.#sqlite.prepare('SELECT count(*) FROM sqlite_schema').get() // the state is fixed here
    } catch (error) {
      this.#sqlite.close()
      throw refusal(error, file)
    }
  }

  prepare(sql: string): StatementSync {
    return this.#sqlite.prepare(sql)
  }

  /** Copies this state into a new file for its owner only. @throws FileTrouble */
  async copyTo(target: string, { signal, onShare }: CopyWatch): Promise<void> {
    closeSync(openSync(target, 'wx', OWNER_ONLY))
    let failure: unknown
    try {
      await backup(this.#sqlite, target, {
        rate: STEP_PAGES,
        progress: ({ totalPages, remainingPages }) => {
          signal.throwIfAborted()
          onShare((totalPages - remainingPages) / totalPages)
        },
      })
    } catch (error) {
      failure = error
    }
    signal.throwIfAborted()
    if (failure === undefined) return
    throw sqliteTroubleOf(failure, target) ?? refusal(failure, this.#file)
  }

  [Symbol.dispose](): void {
    if (this.#sqlite.isOpen) this.#sqlite.close()
  }
}

/**
 * Runs `work` (synchronous) while no process writes to the file; their writes wait. On a file system
 * that is mounted read-only nobody writes anyway.
 * @throws FileTrouble, DatabaseRefused
 */
export function withoutWrites<T>(file: string, work: () => T): T {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(file, { timeout: WAIT_MS })
    sqlite.exec('BEGIN IMMEDIATE')
  } catch (error) {
    sqlite?.close()
    const refused = refusal(error, file)
    if (refused instanceof FileTrouble && refused.code === 'EROFS') return work()
    throw refused
  }
  try {
    return work()
  } finally {
    sqlite.close()
  }
}

/** Refuses what is no catalogue of ours, or a newer one. @throws FileTrouble, DatabaseRefused */
export function refuseStrange(file: string, options: SnapshotOptions): void {
  checkFile(file, APPLICATION_ID, MIGRATIONS.length, locationToRead(file))
  using snapshot = new Snapshot(file, options)
  const images = snapshot.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'images'").get()
  if (images === undefined) throw new DatabaseRefused(file, 'is an empty database')
}

function openToRead(file: string, isStill: boolean): DatabaseSync {
  if (!isStill) {
    // For writing, since only such a connection removes the WAL that it has made.
    const opened = tryToOpen(file, { readOnly: false })
    if (opened !== undefined) return opened
  }
  try {
    return new DatabaseSync(locationToRead(file), { readOnly: true, timeout: WAIT_MS })
  } catch (error) {
    throw refusal(error, file)
  }
}

function tryToOpen(file: string, options: { readonly readOnly: boolean }) {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(file, { ...options, timeout: WAIT_MS })
    sqlite.prepare('SELECT count(*) FROM sqlite_schema').get()
    return sqlite
  } catch (error) {
    sqlite?.close()
    const refused = refusal(error, file)
    if (refused instanceof FileTrouble && UNWRITABLE.has(refused.code)) return undefined
    throw refused
  }
}

function refusal(error: unknown, file: string): Error {
  if (error instanceof DatabaseRefused) return error
  const trouble = sqliteTroubleOf(error, file)
  if (trouble !== undefined) return trouble
  return new DatabaseRefused(file, `cannot be read (${(error as Error).message})`, String(error))
}
