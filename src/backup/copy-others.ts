import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Snapshot } from '../database/snapshot.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import type { ImageCopy } from './copy-images.ts'
import { MANIFEST } from './manifest.ts'
import { ownAs } from './owner.ts'
import { OpenFile } from './take-files.ts'

/** What belongs to a running process, or is not whole. */
const PASSING = /(?:-wal|-shm|-journal|\.part)$/
/** The file system's own. */
const LOST_AND_FOUND = 'lost+found'
/** sqlite.org/fileformat.html, "The Database Header". */
const SQLITE_HEADER = 'SQLite format 3\0'

/**
 * Copies whatever else is in the folder: `clouds.yaml`, the ledger, what an operator keeps there. A
 * database is copied as of one moment, though not that of the images.
 * @returns names of what is no file, and left out @throws FileTrouble
 */
export async function copyOthers(copy: ImageCopy): Promise<readonly string[]> {
  const { source, target, names } = copy
  const known = new Set([
    ...[names.database, names.images, names.processes],
    ...[MANIFEST, LOST_AND_FOUND],
  ])
  const leftOut: string[] = []
  for (const name of readdirSync(source)) {
    if (known.has(name) || PASSING.test(name)) continue
    const from = join(source, name)
    const found = statSync(from, { throwIfNoEntry: false })
    if (found === undefined) continue // gone meanwhile
    if (found.isFile()) await copyOne(copy, from, join(target, name))
    else leftOut.push(name)
  }
  return leftOut
}

async function copyOne({ isStill, taker, watch }: ImageCopy, from: string, to: string) {
  if (!isDatabase(from)) return await taker.copy(openFile(from), to)
  using snapshot = new Snapshot(from, { isStill })
  await snapshot.copyTo(to, { signal: watch.signal, onShare: () => undefined })
  ownAs(statSync(from), to)
}

function openFile(path: string): OpenFile {
  try {
    return new OpenFile(path)
  } catch (error) {
    throw fileTroubleOf(error, path) ?? error
  }
}

function isDatabase(path: string): boolean {
  try {
    const descriptor = openSync(path, 'r')
    try {
      const header = Buffer.alloc(SQLITE_HEADER.length)
      readSync(descriptor, header)
      return header.toString('latin1') === SQLITE_HEADER
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw fileTroubleOf(error, path) ?? error
  }
}
