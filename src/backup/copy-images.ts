import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { opendir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import {
  type DataRow,
  dataRowFinder,
  dataRows,
  lastRevision,
} from '../catalogue/sqlite/data-rows.ts'
import { Snapshot, withoutWrites } from '../database/snapshot.ts'
import { INCOMING, isId, readPublishedName, STAGED, stagedFile } from '../image-data/layout.ts'
import { BackupFailure } from './failure.ts'
import type { FolderNames } from './folder-names.ts'
import { isMidway, namedFile } from './named-file.ts'
import type { Watch } from './progress.ts'
import { type FileTaker, OpenFile } from './take-files.ts'

const OWNER_ONLY = 0o700
/** While writes wait, this many files are opened at most: fewer than any process may open. */
export const OPEN_FILES_MAX = 200
/** Each pass takes only what came during the one before, so each is far shorter. */
const PASSES_MAX = 20
/** The process that the next start finds dead in the copy, and whose unfinished work it puts right. */
const CLAIMANT = 'backup'

export interface ImageCopy {
  readonly names: FolderNames
  readonly source: string
  readonly target: string
  /** Nobody writes to the source. */
  readonly isStill: boolean
  readonly taker: FileTaker
  readonly watch: Watch
}

/**
 * Copies the database, and the image files that its rows name, as of one moment, while others write
 * and delete. Files never change, they only come and go. So first all files are taken, for as long as
 * that takes; then, while writes wait for an instant, the state of the database is fixed, and the
 * files are taken of the rows that were written since. A row is deleted before its file, so every
 * file that such a row names is there.
 * @returns the moment
 */
export async function copyImages(copy: ImageCopy): Promise<Date> {
  const { target, names, watch } = copy
  for (const folder of ['', STAGED, INCOMING]) {
    mkdirSync(join(target, names.images, folder), { mode: OWNER_ONLY })
  }
  let at: Date
  {
    using moment = await fixMoment(copy)
    at = moment.at
    await moment.snapshot.copyTo(join(target, names.database), {
      signal: watch.signal,
      onShare: (share) => watch.show(() => `database: ${Math.floor(share * 100)} %`),
    })
    for (const { file, to } of moment.opened) await copy.taker.copy(file, to)
  }
  await matchFilesToRows(copy)
  return at
}

/** A state of the database, and files that it names and that are still to be copied. */
class Moment implements Disposable {
  readonly at = new Date()
  readonly snapshot: Snapshot
  readonly opened: { readonly file: OpenFile; readonly to: string }[] = []

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
  }

  [Symbol.dispose](): void {
    this.snapshot[Symbol.dispose]()
    for (const { file } of this.opened) file[Symbol.dispose]()
  }
}

async function fixMoment(copy: ImageCopy): Promise<Moment> {
  const { source, names, isStill } = copy
  const database = join(source, names.database)
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const revision = readRevision(database, isStill)
    await takeAllFiles(copy)
    const fix = () => openMoment(copy, revision)
    const moment = isStill ? fix() : withoutWrites(database, fix)
    if (moment !== undefined) return moment
  }
  throw new BackupFailure(
    `images come into ${source} faster than they are copied; name a place on its file system, ` +
      'where they are linked, or try again when there is less to do',
  )
}

function readRevision(database: string, isStill: boolean): number {
  using snapshot = new Snapshot(database, { isStill })
  return lastRevision(snapshot)
}

/**
 * Staged files first: one that is published meanwhile is met again in its new place. They are taken
 * anew in each pass: another may have the name of one that was there before.
 */
async function takeAllFiles({ source, target, names, taker }: ImageCopy): Promise<void> {
  const staged = join(target, names.images, STAGED)
  for (const name of readdirSync(staged)) await rm(join(staged, name))
  for (const [folder, isOurs] of [
    [join(names.images, STAGED), isId],
    [names.images, (name: string) => readPublishedName(name) !== undefined],
  ] as const) {
    for await (const { name } of await opendirIfThere(join(source, folder))) {
      const to = join(target, folder, name)
      if (isOurs(name) && !existsSync(to)) await taker.take(join(source, folder, name), to)
    }
  }
}

/** A catalogue that never had image data has no folder of it. */
async function opendirIfThere(path: string): Promise<AsyncIterable<{ readonly name: string }>> {
  try {
    return await opendir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return (async function* none() {})()
  }
}

/** @returns undefined if too many files would have to be opened */
function openMoment(copy: ImageCopy, afterRevision: number): Moment | undefined {
  const { source, names, isStill } = copy
  const moment = new Moment(new Snapshot(join(source, names.database), { isStill }))
  try {
    for (const row of dataRows(moment.snapshot, afterRevision)) {
      takeRow(copy, row, moment)
      if (moment.opened.length > OPEN_FILES_MAX) break
    }
  } catch (error) {
    moment[Symbol.dispose]()
    throw error
  }
  if (moment.opened.length <= OPEN_FILES_MAX) return moment
  moment[Symbol.dispose]()
  return undefined
}

function takeRow({ source, target, names, taker }: ImageCopy, row: DataRow, moment: Moment): void {
  const images = join(source, names.images)
  const file = namedFile(images, row)
  if (file === undefined) return
  const take = (path: string) => {
    const to = join(target, names.images, relative(images, path))
    if (path === stagedFile(images, row.id)) rmSync(to, { force: true })
    const taken = existsSync(to) ? 'linked' : taker.takeNow(path, to)
    if (taken instanceof OpenFile) moment.opened.push({ file: taken, to })
    return taken !== 'missing'
  }
  if (take(file) || row.status !== 'importing') return
  // Its import has just published it, and has yet to say so in the row.
  const published = readdirSync(images).find((name) => readPublishedName(name)?.id === row.id)
  if (published !== undefined) take(join(images, published))
}

/**
 * Removes files that no row names in the end, and marks the images whose data was coming in: the
 * marks are the claims of a process that is dead where the copy is started.
 */
async function matchFilesToRows({ target, names }: ImageCopy): Promise<void> {
  const images = join(target, names.images)
  using snapshot = new Snapshot(join(target, names.database), { isStill: true })
  const find = dataRowFinder(snapshot)
  for (const folder of [images, join(images, STAGED)]) {
    for await (const { name } of await opendir(folder)) {
      const id = isId(name) ? name : readPublishedName(name)?.id
      if (id === undefined) continue
      const row = find(id)
      const file = join(folder, name)
      const isNamed = row?.status === 'importing' || (row && namedFile(images, row)) === file
      if (!isNamed) await rm(file)
    }
  }
  for (const row of dataRows(snapshot)) {
    const isLost = row.status === 'uploading' && !existsSync(stagedFile(images, row.id))
    if (!isMidway(row) && !isLost) continue
    mkdirSync(join(images, INCOMING, CLAIMANT, row.id), { recursive: true, mode: OWNER_ONLY })
  }
}
