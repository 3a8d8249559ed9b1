import { existsSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dataRowFinder } from '../catalogue/sqlite/data-rows.ts'
import { INCOMING, isId, readPublishedName, STAGED } from '../image-data/layout.ts'
import type { Findings } from './check-report.ts'
import { claimedIds, type FolderToCheck, imagesFolder, readRows } from './folder-to-check.ts'
import { isMidway, namedFile } from './named-file.ts'

/** Names looked up at once. */
const BATCH_NAMES = 1000
/** Its image may just be being deleted: a file without a row is looked at again so long after. */
const SECOND_LOOK_MS = 2000

/** Looks for the row of each file in the folder of image files. */
export async function checkFiles(check: FolderToCheck, findings: Findings): Promise<void> {
  const images = imagesFolder(check)
  const suspects: string[] = []
  for (const folder of [images, join(images, STAGED)]) {
    let batch: string[] = []
    for await (const path of pathsIn(folder)) {
      check.watch.signal.throwIfAborted()
      check.watch.show(() => `looking for the row of ${path}`)
      batch.push(path)
      if (batch.length < BATCH_NAMES) continue
      suspects.push(...unnamed(check, batch))
      batch = []
    }
    suspects.push(...unnamed(check, batch))
  }
  if (suspects.length === 0) return
  if (!check.isStill) await sleep(SECOND_LOOK_MS, undefined, { signal: check.watch.signal })
  for (const path of unnamed(check, suspects)) findings.add('stray-file', path, STRAY)
}

const STRAY = "no image's row names it; the next start of the server removes what is left over so"

async function* pathsIn(folder: string): AsyncGenerator<string> {
  if (!existsSync(folder)) return
  for await (const { name } of await opendir(folder)) {
    if (name !== STAGED && name !== INCOMING) yield join(folder, name)
  }
}

/** Those that are there, and that neither a row nor a claim is for. */
function unnamed(check: FolderToCheck, paths: readonly string[]): readonly string[] {
  const images = imagesFolder(check)
  // In this order: data that is claimed after the rows were read is not in these files.
  const claimed = claimedIds(check)
  return readRows(check, (snapshot) => {
    const find = dataRowFinder(snapshot)
    return paths.filter((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const id = isId(name) ? name : readPublishedName(name)?.id
      if (id === undefined) return true
      const row = find(id)
      if (claimed.has(id) || (row !== undefined && isMidway(row))) return false
      return row === undefined || namedFile(images, row) !== path ? existsSync(path) : false
    })
  })
}
