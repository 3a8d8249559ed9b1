import { type Stats, statSync } from 'node:fs'
import { type DataRow, dataRowFinder, dataRowPage } from '../catalogue/sqlite/data-rows.ts'
import { FileTrouble, fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { publishedFile } from '../image-data/layout.ts'
import type { Findings } from './check-report.ts'
import { claimedIds, type FolderToCheck, imagesFolder, readRows } from './folder-to-check.ts'
import { expectedHash, hashProblem } from './hash-file.ts'
import { isMidway, namedFile } from './named-file.ts'

/** Rows read at once; the database is let go in between, since reading files may take hours. */
const PAGE_ROWS = 1000

/** Looks for the file of each image that should have one. */
export async function checkRows(check: FolderToCheck, findings: Findings): Promise<void> {
  const { watch } = check
  for (let after: string | undefined; ; ) {
    const rows = readRows(check, (snapshot) => dataRowPage(snapshot, after, PAGE_ROWS))
    const claimed = claimedIds(check)
    for (const row of rows) {
      watch.signal.throwIfAborted()
      watch.show(() => `${findings.images} images checked`)
      findings.images += 1
      if (isMidway(row) || claimed.has(row.id)) findings.midway += 1
      else await checkRow(check, row, findings)
    }
    after = rows.at(-1)?.id
    if (rows.length < PAGE_ROWS) return
  }
}

async function checkRow(check: FolderToCheck, row: DataRow, findings: Findings): Promise<void> {
  const folder = imagesFolder(check)
  const file = namedFile(folder, row)
  if (file === undefined) return
  const found = look(file)
  if (found === undefined) {
    // In this order: a row that is there still was not deleted before its file was missed.
    if (hasChanged(check, row)) return
    const isPublished = file === publishedFile(folder, row)
    if (isPublished) findings.withoutFile += 1
    if (!isPublished || !check.mayLackFiles) findings.add('missing-file', file, MISSING)
  } else if (found instanceof FileTrouble) {
    findings.add('unreadable', file, problemOf(found))
  } else if (row.sizeBytes !== null && found.size !== row.sizeBytes) {
    const problem = `it has ${found.size} bytes, its image's row says ${row.sizeBytes}`
    if (!hasChanged(check, row)) findings.add('wrong-size', file, problem)
  } else {
    findings.files += 1
    findings.bytes += found.size
    if (check.withHashes) await checkHash(check, row, file, findings)
  }
}

const MISSING = "there is no such file, and an image's row names it"

async function checkHash(
  check: FolderToCheck,
  row: DataRow,
  file: string,
  findings: Findings,
): Promise<void> {
  const expected = expectedHash(row)
  // What is staged has no hash yet.
  if (expected === undefined || file !== publishedFile(imagesFolder(check), row)) return
  try {
    const problem = await hashProblem(file, expected, check.watch)
    findings.hashed += 1
    if (problem !== undefined) findings.add('wrong-hash', file, problem)
  } catch (error) {
    check.watch.signal.throwIfAborted()
    const trouble = fileTroubleOf(error, file)
    if (trouble === undefined) throw error
    if (!hasChanged(check, row)) findings.add('unreadable', file, problemOf(trouble))
  }
}

/** @returns undefined if there is no such file */
function look(file: string): Stats | FileTrouble | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (error) {
    const trouble = fileTroubleOf(error, file)
    if (trouble === undefined) throw error
    return trouble
  }
}

/** Whether another process has changed or deleted the image since its row was read. */
function hasChanged(check: FolderToCheck, row: DataRow): boolean {
  if (check.isStill) return false
  const now = readRows(check, (snapshot) => dataRowFinder(snapshot)(row.id))
  return (
    now?.status !== row.status || now.checksum !== row.checksum || now.sizeBytes !== row.sizeBytes
  )
}

function problemOf({ message, path }: FileTrouble): string {
  return message.slice(`${path}: `.length)
}
