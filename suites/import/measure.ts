import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageStore } from '../../src/catalogue/catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { importImages } from '../../src/transfer/import.ts'

/**
 * Imports one file in a process of its own, so that its peak memory is the import's, and prints what
 * it took as JSON. Usage: measure.ts FILE FOLDER; without FOLDER nothing is stored.
 */
export interface Measured {
  readonly created: number
  readonly bad: number
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly peakBytes: number
}

const [file = '', folder] = process.argv.slice(2)
const database = folder === undefined ? undefined : openIn(folder)
const report = await importImages({
  files: [file],
  stdin: process.stdin,
  store: database === undefined ? nowhere() : openSqliteCatalogue(database),
  onBadDocument: 'stop',
})
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const measured: Measured = {
  created: report.created,
  bad: report.bad,
  elapsedMs: report.elapsedMs,
  cpuMs: (userCPUTime + systemCPUTime) / 1000,
  peakBytes: maxRSS * 1024,
}
database?.close()
process.stdout.write(JSON.stringify(measured))

function openIn(path: string): Database {
  mkdirSync(path, { recursive: true })
  return new Database(join(path, 'catalogue.db'))
}

function nowhere(): Pick<ImageStore, 'putImages' | 'settle'> {
  return {
    putImages: async (images) => ({ created: images.length, replaced: 0, unchanged: 0 }),
    settle: async () => undefined,
  }
}
