import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { printTime } from '../../src/image/time.ts'
import type { Cloud } from './cloud.ts'

/**
 * Glance's own database, written to directly: its API lets no caller set times and states, and takes
 * minutes for ten thousand images. What is read of it is read through the API.
 */
export interface GlanceDatabase {
  /** Deletes every image. */
  empty(): void
  /** Adds these, in one transaction. */
  put(rows: readonly TableRow[]): void
  /** Of all images, newest first. */
  ids(): readonly string[]
  close(): void
}

export interface TableRow {
  readonly table: Table
  readonly values: Readonly<Record<string, string | number | null>>
}

/** Those that refer to images come first. */
const TABLES = [
  'image_properties',
  'image_members',
  'image_tags',
  'image_locations',
  'images',
] as const
type Table = (typeof TABLES)[number]

const IDS = 'SELECT id FROM images ORDER BY created_at DESC, id DESC'

export function openGlanceDatabase({ database, stateFolder, password }: Cloud): GlanceDatabase {
  if (database === 'mariadb') return overMariadb(join(stateFolder, 'mariadb.sock'), password)
  const file = join(stateFolder, 'glance', 'glance.sqlite')
  if (!existsSync(file)) throw new Error(`${file} is missing: it should hold Glance's images`)
  return overSqlite(file)
}

const LOCK_TIMEOUT_MS = 30_000

function overSqlite(file: string): GlanceDatabase {
  const database = new DatabaseSync(file, {
    timeout: LOCK_TIMEOUT_MS,
    enableForeignKeyConstraints: false,
  })
  const inTransaction = (work: () => void) => {
    database.exec('BEGIN IMMEDIATE')
    work()
    database.exec('COMMIT')
  }
  return {
    empty: () =>
      inTransaction(() => {
        for (const table of TABLES) database.exec(`DELETE FROM ${table}`)
      }),
    put: (rows) =>
      inTransaction(() => {
        for (const [insert, some] of byInsert(rows)) {
          const marks = Object.keys(some[0]?.values ?? {}).map(() => '?')
          const statement = database.prepare(`${insert} (${marks.join()})`)
          for (const { values } of some) statement.run(...Object.values(values))
        }
      }),
    ids: () =>
      database
        .prepare(IDS)
        .all()
        .map(({ id }) => String(id)),
    close: () => database.close(),
  }
}

/** So many rows are one statement, which stays far below the server's longest. */
const ROWS_PER_INSERT = 200
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** By the client program of Debian's package, which is fed SQL on its standard input. */
function overMariadb(socket: string, password: string): GlanceDatabase {
  const run = (sql: string): string =>
    execFileSync(
      'mariadb',
      [
        '--no-defaults',
        `--socket=${socket}`,
        '--user=cloud',
        '--batch',
        '--skip-column-names',
        'glance',
      ],
      {
        input: sql,
        env: { ...process.env, MYSQL_PWD: password },
        maxBuffer: OUTPUT_BYTES_MAX,
        encoding: 'utf8',
      },
    )
  const inTransaction = (statements: readonly string[]) =>
    run(['START TRANSACTION', ...statements, 'COMMIT', ''].join(';\n'))
  return {
    empty: () => inTransaction(TABLES.map((table) => `DELETE FROM ${table}`)),
    put: (rows) => {
      const statements: string[] = []
      for (const [insert, some] of byInsert(rows)) {
        for (let n = 0; n < some.length; n += ROWS_PER_INSERT) {
          const tuples = some.slice(n, n + ROWS_PER_INSERT).map(({ values }) => {
            return `(${Object.values(values).map(literal).join()})`
          })
          statements.push(`${insert} ${tuples.join()}`)
        }
      }
      inTransaction(statements)
    },
    ids: () =>
      run(`${IDS};\n`)
        .split('\n')
        .filter((id) => id !== ''),
    close: () => {},
  }
}

/** The rows by the statement that inserts them, those of images first. */
function byInsert(rows: readonly TableRow[]): readonly (readonly [string, readonly TableRow[]])[] {
  const sorted = rows.toSorted((a, b) => TABLES.indexOf(b.table) - TABLES.indexOf(a.table))
  const groups = Map.groupBy(
    sorted,
    ({ table, values }) => `INSERT INTO ${table} (${Object.keys(values).join()}) VALUES`,
  )
  return [...groups]
}

/** Text goes by its bytes, so that nothing in it is SQL. */
function literal(value: string | number | null): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return String(value)
  return value === '' ? "''" : `_utf8mb3 X'${Buffer.from(value).toString('hex')}'`
}

/** A column of type DATETIME, as SQLAlchemy writes it to SQLite, which compares it as text. */
export function timeColumn(unixSeconds: number): string {
  return `${printTime(unixSeconds).replace('T', ' ').replace('Z', '')}.000000`
}
