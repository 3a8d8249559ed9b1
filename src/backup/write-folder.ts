import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { countProcesses, ProcessPresence } from '../database/presence.ts'
import { FileTrouble, fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { isFileTrouble } from '../file-trouble/sqlite-trouble.ts'
import { syncFolder } from '../image-data/layout.ts'
import { BackupFailure } from './failure.ts'
import type { FolderNames } from './folder-names.ts'

const OWNER_ONLY = 0o700
const NAME_BYTES = 8
/** The slowest disk makes a lock file within this time. */
const LOCK_WAIT_MS = 3_600_000
const PART = /\.afterimage-[0-9a-f]{16}\.part$/

export interface FolderToWrite {
  readonly target: string
  readonly names: FolderNames
  /** A folder that is there gets this name; undefined: it must be empty. */
  readonly moveAsideTo: string | undefined
  /** How else to go on where it is not empty, behind "name a new folder". */
  readonly otherWay: string
}

/**
 * Lets `fill` make a folder beside its place, and gives it its name only when it is whole and on the
 * disk. What a killed process has begun there is removed first.
 * @returns what `fill` returns, and the new name of what was there
 * @throws BackupFailure, FileTrouble, and what `fill` throws
 */
export async function writeFolder<T>(
  wanted: FolderToWrite,
  fill: (part: string) => Promise<T>,
): Promise<{ readonly result: T; readonly movedTo: string | undefined }> {
  const { target, names } = wanted
  const part = `${target}.afterimage-${randomBytes(NAME_BYTES).toString('hex')}.part`
  try {
    refuseTarget(wanted)
    removeAbandoned(dirname(target), names)
    mkdirSync(part, { mode: OWNER_ONLY })
    const written = await writePart(wanted, part, fill)
    const locks = join(target, names.processes)
    // There is one if somebody serves the folder already.
    if (countProcesses(locks).living === 0) rmSync(locks, { recursive: true })
    return written
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    throw fileTroubleOf(error) ?? error
  }
}

async function writePart<T>(
  wanted: FolderToWrite,
  part: string,
  fill: (part: string) => Promise<T>,
): Promise<{ readonly result: T; readonly movedTo: string | undefined }> {
  const { target, names } = wanted
  // As long as this process lives, no other takes the folder for an abandoned one.
  using presence = new ProcessPresence(join(part, names.processes))
  const result = await fill(part)
  await syncFolders(part)
  refuseTarget(wanted)
  const movedTo = giveName(wanted, part)
  presence.follow(join(target, names.processes))
  await syncFolder(dirname(target))
  return { result, movedTo }
}

/** @throws BackupFailure where a folder is in use, or not empty and to be kept */
function refuseTarget({ target, names, moveAsideTo, otherWay }: FolderToWrite): void {
  const found = statSync(target, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isDirectory()) throw new FileTrouble(target, 'ENOTDIR')
  if (countProcesses(join(target, names.processes)).living > 0) {
    throw new BackupFailure(`${target} is being served; stop that "afterimage serve" first`)
  }
  if (moveAsideTo === undefined && isFull(target)) {
    throw new BackupFailure(`${target} is there and is not empty; name a new folder${otherWay}`)
  }
  if (found.dev !== statSync(dirname(target)).dev) {
    throw new BackupFailure(
      `${target} is a mount point, which cannot be replaced; name a folder in it`,
    )
  }
}

function isFull(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0
}

/** @returns the new name of what was there */
function giveName({ target, moveAsideTo }: FolderToWrite, part: string): string | undefined {
  if (moveAsideTo === undefined || !isFull(target)) {
    renameSync(part, target)
    return undefined
  }
  renameSync(target, moveAsideTo)
  try {
    renameSync(part, target)
    return moveAsideTo
  } catch (error) {
    renameSync(moveAsideTo, target)
    throw error
  }
}

function removeAbandoned(parent: string, { processes }: FolderNames): void {
  for (const name of readdirSync(parent)) {
    if (!PART.test(name)) continue
    try {
      if (isAbandoned(join(parent, name), processes))
        rmSync(join(parent, name), { recursive: true })
    } catch (error) {
      // Another user's, or another process removes it just now.
      if (!isFileTrouble(error)) throw error
    }
  }
}

/** A process that lives has its lock there a moment after it has made the folder. */
function isAbandoned(part: string, processes: string): boolean {
  const { living, dead } = countProcesses(join(part, processes))
  const ageMs = Date.now() - statSync(part).mtimeMs
  return living === 0 && (dead > 0 || ageMs > LOCK_WAIT_MS)
}

/** Makes the names in it durable; the files are already. */
async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name))
  }
  await syncFolder(folder)
}
