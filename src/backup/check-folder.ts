import { statSync } from 'node:fs'
import { join } from 'node:path'
import { integrityInThread } from '../database/integrity-thread.ts'
import { refuseStrange } from '../database/snapshot.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { checkFiles } from './check-files.ts'
import { type CheckReport, Findings } from './check-report.ts'
import { checkRows } from './check-rows.ts'
import type { FolderToCheck } from './folder-to-check.ts'
import { MANIFEST, type Manifest } from './manifest.ts'

const DATABASE_PROBLEMS_MAX = 100
const SHOW_INTERVAL_MS = 250

/**
 * Compares the rows of a data folder or a backup with its files; it may be served meanwhile. If the
 * database is damaged, nothing is compared with it.
 * @param manifest of a backup: its counts must be those that are found, also of images without a file
 * @throws FileTrouble, DatabaseRefused
 */
export async function checkFolder(given: FolderToCheck, manifest?: Manifest): Promise<CheckReport> {
  const check = { ...given, mayLackFiles: given.mayLackFiles || manifest !== undefined }
  const { folder, names, isStill } = check
  const findings = new Findings()
  const database = join(folder, names.database)
  try {
    statSync(database)
  } catch (error) {
    throw fileTroubleOf(error, database) ?? error
  }
  const problems = await databaseProblems(database, check)
  for (const problem of problems) findings.add('database', database, problem)
  if (problems.length > 0) return findings.report()
  refuseStrange(database, { isStill })
  await checkRows(check, findings)
  await checkFiles(check, findings)
  if (manifest !== undefined) compareCounts(manifest, join(folder, MANIFEST), findings)
  return findings.report()
}

async function databaseProblems(
  file: string,
  { isStill, watch }: FolderToCheck,
): Promise<readonly string[]> {
  const begunMs = performance.now()
  const show = () =>
    watch.show(() => {
      const seconds = Math.floor((performance.now() - begunMs) / 1000)
      return `reading the database for ${seconds} s`
    })
  show()
  const timer = setInterval(show, SHOW_INTERVAL_MS)
  try {
    const question = { file, isStill, problemsMax: DATABASE_PROBLEMS_MAX }
    return await integrityInThread(question, watch.signal)
  } finally {
    clearInterval(timer)
  }
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
