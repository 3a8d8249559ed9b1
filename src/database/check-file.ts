import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'

/**
 * A larger file is not read whole when it is opened, as that would take more than a moment; a server
 * has it checked beside its work (integrity-thread.ts).
 */
const FULL_CHECK_BYTES_MAX = 16 * 1024 * 1024

/** Whether a file of the size that it has now was read whole when it was opened. */
export function wholeFileCheckedAtOpening(file: string): boolean {
  return statSync(file).size <= FULL_CHECK_BYTES_MAX
}

/** The file is not one to open. `message` names the file and says what is wrong and what to do. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused'
  readonly detail: string | undefined

  constructor(file: string, problem: string, detail?: string) {
    super(`${file} ${problem}; it has been left as it is`)
    this.detail = detail
  }
}

/**
 * Looks at an existing file without writing to it. @throws DatabaseRefused when it is not ours, of
 * a newer version, or damaged; FileTrouble when the system does not let it be opened.
 */
export function checkFile(
  file: string,
  applicationId: number,
  newestVersion: number,
  location: string | URL = file,
): void {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(location, { readOnly: true, timeout: 5000 })
    const pragma = (name: string) => Object.values(sqlite?.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    const version = Number(pragma('user_version'))
    const id = Number(pragma('application_id'))
    if (id === 0 && version === 0 && Number(pragma('page_count')) === 0) return // empty: a new file
    if (id !== applicationId) {
      throw new DatabaseRefused(file, 'is a database, but not an Afterimage catalogue')
    }
    if (version > newestVersion) {
      const versions = `(format ${version}; this one reads up to ${newestVersion})`
      throw new DatabaseRefused(file, `was written by a newer Afterimage ${versions}`)
    }
    if (Number(pragma('page_count')) * Number(pragma('page_size')) > FULL_CHECK_BYTES_MAX) return
    const found = pragma('quick_check(1)')
    if (found !== 'ok') throw new DatabaseRefused(file, 'is damaged', String(found))
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error
    const trouble = sqliteTroubleOf(error, file)
    if (trouble !== undefined) throw trouble
    throw new DatabaseRefused(file, `is damaged (${(error as Error).message})`, String(error))
  } finally {
    sqlite?.close()
  }
}

/**
 * The location that SQLite opens for reading only. Even then SQLite would create a WAL file and
 * shared memory, which a read-only file system refuses. So if no process has the database open and
 * its WAL file is empty, SQLite is told that the file does not change.
 */
export function locationToRead(file: string): string | URL {
  const wal = `${file}-wal`
  const isAlone = !existsSync(`${file}-shm`) && (!existsSync(wal) || statSync(wal).size === 0)
  if (!isAlone) return file
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  return url
}
