import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'

/**
 * A process that reads and writes one catalogue until its standard input ends, and then prints how
 * that went. Usage: neighbour.ts DATABASE_FILE IMAGE_ID
 */
export interface Neighbour {
  readonly writes: number
  readonly writesSlowestMs: number
  readonly reads: number
  readonly readsSlowestMs: number
  /** The most images that one list held: it grows while another process imports. */
  readonly listedMax: number
}

const [file = '', id = ''] = process.argv.slice(2)
const admin = { project: null, isAdmin: true }
const database = new Database(file)
const catalogue = openSqliteCatalogue(database)
const seen = { writes: 0, writesSlowestMs: 0, reads: 0, readsSlowestMs: 0, listedMax: 0 }
let isOver = false
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

async function write(): Promise<void> {
  const set = new Map([['round', String(seen.writes)]])
  await catalogue.changeProperties(admin, id, { remove: new Set(), set, propertiesMax: 128 })
}

async function read(): Promise<void> {
  let listed = 0
  for await (const images of catalogue.list(admin, {}, { limit: 500 })) listed += images.length
  seen.listedMax = Math.max(seen.listedMax, listed)
}

process.stdout.write('ready\n')
while (!isOver) {
  seen.readsSlowestMs = Math.max(seen.readsSlowestMs, await timed(read))
  seen.reads += 1
  seen.writesSlowestMs = Math.max(seen.writesSlowestMs, await timed(write))
  seen.writes += 1
  await new Promise((resolve) => setImmediate(resolve))
}
database.close()
process.stdout.write(JSON.stringify(seen satisfies Neighbour))
