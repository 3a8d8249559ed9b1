import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FileTrouble, fileTroubleOf } from '../file-trouble/file-trouble.ts'

const OWNER_ONLY = 0o700

/** Processes that serve the folder have their locks here before they accept requests. */
export const PROCESSES_FOLDER = 'processes'

/**
 * Makes the data folder if it is missing, and lets `fill` create the catalogue in it. If that fails
 * because of the files, what was put into a new or empty folder is removed, and so are the folders
 * that were made.
 * @throws FileTrouble, and what `fill` throws
 */
export async function inDataFolder<T>(path: string, fill: () => T | Promise<T>): Promise<T> {
  const isNew = !existsSync(path) || isEmptyFolder(path)
  const made: string[] = []
  try {
    makeFolders(path, made)
    return await fill()
  } catch (error) {
    const trouble = fileTroubleOf(error)
    if (trouble === undefined) throw error
    if (isNew) removeBegun(path, made)
    throw trouble
  }
}

function isEmptyFolder(path: string): boolean {
  if (!statSync(path).isDirectory()) {
    throw new FileTrouble(path, 'ENOTDIR')
  }
  return listed(path).length === 0
}

function listed(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    throw fileTroubleOf(error, path) ?? error
  }
}

/**
 * Not with `recursive: true`, which never returns where no folders can be made, as under /proc.
 * @param made takes each folder that is made, the outermost first
 */
function makeFolders(path: string, made: string[]): void {
  if (existsSync(path)) return
  makeFolders(dirname(path), made)
  try {
    mkdirSync(path, { mode: OWNER_ONLY })
    made.push(path)
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Removes nothing if a process already serves the folder: that process was faster. */
function removeBegun(path: string, made: readonly string[]): void {
  try {
    if (existsSync(join(path, PROCESSES_FOLDER))) return
    if (existsSync(path)) for (const name of readdirSync(path)) rmSync(join(path, name))
    for (const folder of made.toReversed()) rmdirSync(folder)
  } catch {
    // What cannot be removed stays; the error that led here is the one to tell.
  }
}
