import { FileTrouble } from '../file-trouble/file-trouble.ts'
import { DatabaseRefused } from './check-file.ts'
import { Snapshot, type SnapshotOptions } from './snapshot.ts'

/**
 * Reads the whole file, indexes too. @returns what is wrong, in SQLite's words; none if it is whole
 * @throws FileTrouble
 */
export function integrityProblems(
  file: string,
  options: SnapshotOptions,
  problemsMax: number,
): readonly string[] {
  try {
    using snapshot = new Snapshot(file, options)
    const found = snapshot.prepare(`PRAGMA integrity_check(${problemsMax})`).all()
    const problems = found.map((row) => String(Object.values(row)[0]))
    const strays = snapshot.prepare('PRAGMA foreign_key_check').all().slice(0, problemsMax)
    return [
      ...problems.filter((problem) => problem !== 'ok'),
      ...strays.map(({ table, parent }) => `a row of ${table} names none of ${parent}`),
    ]
  } catch (error) {
    if (error instanceof FileTrouble) throw error
    return [error instanceof DatabaseRefused ? (error.detail ?? error.message) : String(error)]
  }
}
