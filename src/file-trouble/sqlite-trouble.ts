import { accessSync, closeSync, constants, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { FileTrouble, type FileTroubleCode, fileTroubleOf, isTroubleCode } from './file-trouble.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html) that are about files, not about SQL. */
const OF_FILES: Readonly<Record<number, FileTroubleCode>> = {
  3: 'EACCES', // SQLITE_PERM
  8: 'EROFS', // SQLITE_READONLY
  10: 'EIO', // SQLITE_IOERR
  13: 'ENOSPC', // SQLITE_FULL
  14: 'EACCES', // SQLITE_CANTOPEN
}

/** SQLITE_IOERR_SHORT_READ: the file ends too early, which is damage and no trouble with the disk. */
const IOERR_SHORT_READ = 522

/**
 * The trouble with a database's file that an error of SQLite reports; undefined for any other
 * error. SQLite does not pass on the system's error code, so the file is examined again.
 */
export function sqliteTroubleOf(error: unknown, file: string): FileTrouble | undefined {
  const known = fileTroubleOf(error)
  if (known !== undefined) return known
  const code = codeOf(error)
  if (code === undefined) return undefined
  if (code === 'ENOSPC' || hasNoRoom(file)) return new FileTrouble(file, 'ENOSPC', error)
  const found = whyNotOpened(file) ?? { path: file, code }
  return new FileTrouble(found.path, found.code, error)
}

/** Whether it is the files that failed, those of a database or others. */
export function isFileTrouble(error: unknown): boolean {
  return fileTroubleOf(error, '') !== undefined || codeOf(error) !== undefined
}

function codeOf(error: unknown): FileTroubleCode | undefined {
  const result = (error as { errcode?: number } | undefined)?.errcode ?? 0
  return result === IOERR_SHORT_READ ? undefined : OF_FILES[result & 0xff]
}

/** SQLite says "I/O error" where it finds no room for its shared-memory file. */
function hasNoRoom(file: string): boolean {
  try {
    return statfsSync(dirname(file)).bavail === 0
  } catch {
    return false
  }
}

/** What the system says of opening the file, and of making files beside it, as SQLite does. */
function whyNotOpened(
  file: string,
): { readonly path: string; readonly code: FileTroubleCode } | undefined {
  const folder = dirname(file)
  // The slash distinguishes a file in the folder's place from a folder without rights.
  const makesFiles = () => accessSync(`${folder}/`, constants.W_OK | constants.X_OK)
  const opens = () => closeSync(openSync(file, 'r+'))
  for (const [path, attempt] of [
    [folder, makesFiles],
    [file, opens],
  ] as const) {
    try {
      attempt()
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (isTroubleCode(code) && !(path === file && code === 'ENOENT')) return { path, code }
    }
  }
  return undefined
}
