import { join } from 'node:path'
import { refuseStrange } from '../database/snapshot.ts'
import type { BackupOptions, Written } from './backup.ts'
import { checkFolder } from './check-folder.ts'
import { copyFolder, refuseFaults, refuseNested } from './copy-folder.ts'
import { BackupFailure } from './failure.ts'
import { MANIFEST, readManifest } from './manifest.ts'
import { FileTaker } from './take-files.ts'
import { writeFolder } from './write-folder.ts'

/** `source` is the backup, `target` the data folder. */
export interface RestoreOptions extends BackupOptions {
  /** What is in the data folder is moved aside, into a folder of this name. */
  readonly moveAsideTo: string | undefined
}

/** `movedTo` names what was in the data folder; undefined if nothing was. */
export type Restored = Written & { readonly movedTo: string | undefined }

/**
 * Makes a data folder of a backup that has no fault, or makes nothing.
 * @throws BackupFailure, FileTrouble, DatabaseRefused
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { source, target, names, watch, moveAsideTo } = options
  refuseNested(source, target)
  const manifest = readManifest(source)
  if (manifest === undefined) {
    throw new BackupFailure(`${source} is no backup: there is no ${MANIFEST} in it; name one`)
  }
  refuseStrange(join(source, names.database), { isStill: true })
  const taker = new FileTaker(watch, options.mayLink)
  const wanted = { target, names, moveAsideTo, otherWay: ', or give --replace' }
  const { result, movedTo } = await writeFolder(wanted, async (part) => {
    const whole = { isStill: true, withHashes: false, mayLackFiles: true }
    const found = await checkFolder({ folder: source, names, watch, ...whole }, manifest)
    refuseFaults(found, source, source)
    const copy = { source, target: part, names, isStill: true, taker, watch }
    const { report, leftOut } = await copyFolder(copy, options.withHashes)
    const { described: _, faults: __, ...counts } = report
    return { ...counts, createdAt: manifest.createdAt, sharesBytes: taker.hasLinked, leftOut }
  })
  return { ...result, movedTo }
}
