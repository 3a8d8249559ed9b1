import { join } from 'node:path'
import { Snapshot } from '../database/snapshot.ts'
import { INCOMING, namesIn } from '../image-data/layout.ts'
import type { FolderNames } from './folder-names.ts'
import type { Watch } from './progress.ts'

export interface FolderToCheck {
  readonly folder: string
  readonly names: FolderNames
  /** Nobody writes to it, as to a backup. */
  readonly isStill: boolean
  /** Read every image file, and compare its hash with its row's. */
  readonly withHashes: boolean
  /** Images without a file are no faults: their documents were imported without data. */
  readonly mayLackFiles: boolean
  readonly watch: Watch
}

export function imagesFolder({ folder, names }: FolderToCheck): string {
  return join(folder, names.images)
}

/** Reads the rows as they are now. */
export function readRows<T>(
  { folder, names, isStill }: FolderToCheck,
  work: (snapshot: Snapshot) => T,
): T {
  using snapshot = new Snapshot(join(folder, names.database), { isStill })
  return work(snapshot)
}

/** Ids of the images that a process, living or dead, has claimed to store their data. */
export function claimedIds(check: FolderToCheck): ReadonlySet<string> {
  const incoming = join(imagesFolder(check), INCOMING)
  return new Set(namesIn(incoming).flatMap((process) => namesIn(join(incoming, process))))
}
