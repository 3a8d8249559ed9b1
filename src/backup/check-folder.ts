import { statSync } from 'node:fs'
import { join } from 'node:path'
import { integrityProblems, refuseStrange } from '../database/snapshot.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { checkFiles } from './check-files.ts'
import { type CheckReport, Findings } from './check-report.ts'
import { checkRows } from './check-rows.ts'
import type { FolderToCheck } from './folder-to-check.ts'
import { MANIFEST, type Manifest } from './manifest.ts'

const DATABASE_PROBLEMS_MAX = 100

/**
 * Compares the rows of a data folder or a backup with its files; it may be served meanwhile. If the
 * database is damaged, nothing is compared with it.
 * @param manifest of a backup: its counts must be those that are found, also of images without a file
 * @throws FileTrouble, DatabaseRefused
 */
export async function checkFolder(given: FolderToCheck, manifest?: Manifest): Promise<CheckReport> {
  const check = { ...given, mayLackFiles: given.mayLackFiles || manifest !== undefined }
  const { folder, names, isStill, watch } = check
  const findings = new Findings()
  const database = join(folder, names.database)
  try {
    statSync(database)
  } catch (error) {
    throw fileTroubleOf(error, database) ?? error
  }
  watch.show(() => 'reading the database')
  const problems = integrityProblems(database, { isStill }, DATABASE_PROBLEMS_MAX)
  for (const problem of problems) findings.add('database', database, problem)
  if (problems.length > 0) return findings.report()
  refuseStrange(database, { isStill })
  await checkRows(check, findings)
  await checkFiles(check, findings)
  if (manifest !== undefined) compareCounts(manifest, join(folder, MANIFEST), findings)
  return findings.report()
}

function compareCounts(manifest: Manifest, path: string, findings: Findings): void {
  for (const name of ['images', 'files', 'bytes', 'withoutFile'] as const) {
    if (findings[name] === manifest[name]) continue
    const words = { images: 'images', files: 'image files', bytes: 'bytes of image files' }
    const what = name === 'withoutFile' ? 'images without a file' : words[name]
    const problem = `it says ${manifest[name]} ${what}, and there are ${findings[name]}`
    findings.add('manifest', path, problem)
  }
}
