import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** Of one table; the first few say enough. */
const DAMAGE_LINES_MAX = 10

const { file } = workerData as { readonly file: string }
parentPort?.postMessage(damageIn(file))

/**
 * One table after another: a read that lasts keeps the WAL from being cut back, and so would one
 * check of everything.
 */
function damageIn(file: string): readonly string[] {
  using sqlite = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  const tables = sqlite
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage <> 0")
    .all() as { name: string }[]
  return tables.flatMap(({ name }) => {
    const quoted = `'${name.replaceAll("'", "''")}'`
    const rows = sqlite.prepare(`PRAGMA quick_check(${quoted})`).all()
    return rows
      .map((row) => String(Object.values(row)[0]))
      .filter((line) => line !== 'ok')
      .slice(0, DAMAGE_LINES_MAX)
  })
}
