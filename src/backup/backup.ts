import { statSync } from 'node:fs'
import { join } from 'node:path'
import { refuseStrange } from '../database/snapshot.ts'
import type { CheckReport } from './check-report.ts'
import { copyFolder, refuseNested } from './copy-folder.ts'
import type { FolderNames } from './folder-names.ts'
import { MANIFEST, writeManifest } from './manifest.ts'
import { ownAs } from './owner.ts'
import type { Watch } from './progress.ts'
import { FileTaker } from './take-files.ts'
import { writeFolder } from './write-folder.ts'

export interface BackupOptions {
  /** The data folder; it may be served meanwhile. */
  readonly source: string
  /** Made, or empty. */
  readonly target: string
  readonly names: FolderNames
  /** Image files may share their bytes with the source. */
  readonly mayLink: boolean
  /** Read every image file of the backup, and compare its hash with its row's. */
  readonly withHashes: boolean
  readonly watch: Watch
}

/** What was written, as it was read back. */
export type Written = Pick<
  CheckReport,
  'images' | 'files' | 'bytes' | 'hashed' | 'withoutFile' | 'midway'
> & {
  /** The moment of the data, in ISO 8601. */
  readonly createdAt: string
  /** Whether image files share their bytes with the source. */
  readonly sharesBytes: boolean
  /** Names of what is no file, and was left out. */
  readonly leftOut: readonly string[]
}

/**
 * Makes a folder that holds what the data folder holds at one moment, or makes nothing.
 * @throws BackupFailure, FileTrouble, DatabaseRefused
 */
export async function backUp(options: BackupOptions): Promise<Written> {
  const { source, target, names, watch } = options
  refuseNested(source, target)
  refuseStrange(join(source, names.database), { isStill: false })
  const taker = new FileTaker(watch, options.mayLink)
  const wanted = { target, names, moveAsideTo: undefined, otherWay: '' }
  const { result } = await writeFolder(wanted, async (part) => {
    const copy = { source, target: part, names, isStill: false, taker, watch }
    const { at, report, leftOut } = await copyFolder(copy, options.withHashes)
    const { described: _, faults: __, ...counts } = report
    const { images, files, bytes, withoutFile } = counts
    const createdAt = at.toISOString()
    writeManifest(part, { createdAt, images, files, bytes, withoutFile })
    ownAs(statSync(part), join(part, MANIFEST))
    return { ...counts, createdAt, sharesBytes: taker.hasLinked, leftOut }
  })
  return result
}
