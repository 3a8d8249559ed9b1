import { realpathSync, type Stats, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { checkFolder } from './check-folder.ts'
import { type CheckReport, faultCount } from './check-report.ts'
import { copyImages, type ImageCopy } from './copy-images.ts'
import { copyOthers } from './copy-others.ts'
import { BackupFailure } from './failure.ts'
import { ownAs } from './owner.ts'

/** A copy of a data folder that was read back, and has no fault. */
export interface Copied {
  /** The moment that the copy is of. */
  readonly at: Date
  readonly report: CheckReport
  /** Names of what is no file, and was left out. */
  readonly leftOut: readonly string[]
}

/**
 * Copies a data folder into a new one, and reads the copy back.
 * @throws BackupFailure, FileTrouble, DatabaseRefused
 */
export async function copyFolder(copy: ImageCopy, withHashes: boolean): Promise<Copied> {
  const { source, target, names, watch } = copy
  const at = await copyImages(copy)
  const leftOut = await copyOthers(copy)
  ownAs(statSync(join(source, names.database)), join(target, names.database))
  await ownFolders(statSync(source), target)
  const whole = { isStill: true, withHashes, mayLackFiles: true }
  const report = await checkFolder({ folder: target, names, watch, ...whole })
  refuseFaults(report, source, target)
  return { at, report, leftOut }
}

/** @throws BackupFailure where there is a fault */
export function refuseFaults(report: CheckReport, source: string, checked: string): void {
  const [first] = report.described
  if (first === undefined) return
  // The copy has no name yet, and its files are those of the source.
  const path = first.path.replace(checked, source)
  const more = faultCount(report) - 1
  throw new BackupFailure(
    `${path}: ${first.problem}${more > 0 ? `; and ${more} more faults` : ''}; ` +
      `nothing is written; "afterimage check --data ${source}" shows all`,
  )
}

/** @throws BackupFailure where one of the two is in the other, or is the other */
export function refuseNested(one: string, other: string): void {
  const [a, b] = [realPath(one), realPath(other)]
  if (!`${a}${sep}`.startsWith(`${b}${sep}`) && !`${b}${sep}`.startsWith(`${a}${sep}`)) return
  throw new BackupFailure(
    `${one} and ${other} are one folder, or one is in the other; name another`,
  )
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path))
  }
}

async function ownFolders(like: Stats, folder: string): Promise<void> {
  ownAs(like, folder)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await ownFolders(like, join(folder, entry.name))
  }
}
