import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FileTrouble, fileTroubleOf } from '../file-trouble/file-trouble.ts'

const OWNER_ONLY = 0o700

/** Processes that serve the folder have their locks here, from before they take requests on. */
export const PROCESSES_FOLDER = 'processes'

/**
 * Makes the data folder if it is missing, and lets `fill` put the catalogue there. If the files do
 * not allow that, what was put into a folder that was missing or empty is removed, and so are the folders that were made.
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
 * Not by `recursive: true`: that never returns where the system makes no folders, as under /proc.
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

/** Leaves everything to a process that serves the folder already: it was faster, and lives. */
function removeBegun(path: string, made: readonly string[]): void {
  try {
    if (existsSync(join(path, PROCESSES_FOLDER))) return
    if (existsSync(path)) for (const name of readdirSync(path)) rmSync(join(path, name))
    for (const folder of made.toReversed()) rmdirSync(folder)
  } catch {
    // What cannot be removed stays; the error that led here is the one to tell.
  }
}
