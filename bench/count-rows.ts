import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { LAST_PLACE } from '../src/catalogue/sqlite/places.ts'
import { Database } from '../src/database/database.ts'

interface Statement {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

/** A database that records the reading statements that were run, with their values. */
export class RecordingDatabase extends Database {
  readonly statements: Statement[] = []

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql)
    const record = (values: readonly SQLInputValue[]) => this.statements.push({ sql, values })
    return new Proxy(statement, {
      get: (target, name) => {
        if (name === 'get' || name === 'all') {
          return (...values: SQLInputValue[]) => {
            record(values)
            return target[name](...values)
          }
        }
        const member = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }
}

/**
 * The rows that the recorded statements went through to find a page's images, those that chose its
 * plan included. SQLite does not report them, so they are counted from outside, and never too few:
 * of the inverted index every entry of every word between where a search starts and the last image
 * it found (if it found fewer than it might, to the list's end), whether or not the merge skips
 * some of them; of the index by update every entry of the times asked for, up to the statement's
 * own limit. Rows that are looked up by their key, as the page's images are, are not counted.
 */
export function countRows(database: RecordingDatabase): number {
  const statements = [...database.statements]
  return statements.reduce((rows, statement) => rows + rowsOf(database, statement), 0)
}

/** The search itself, which may stand within another statement, first in it. */
const SEARCH = /SELECT i\.n, i\.revision, i\.place FROM postings.*? LIMIT \?/s
const COUNT_RECENT = /SELECT 1 FROM images WHERE updated_at >= \? LIMIT \?/
const COUNT_BETWEEN = /SELECT 1 FROM images WHERE updated_at >= \? AND updated_at < \? LIMIT \?/
const FIRST_AND_LAST = /min\(updated_at\).*max\(updated_at\)/s
const BY_UPDATE = 'INDEXED BY images_by_update'

function rowsOf(database: Database, { sql, values }: Statement): number {
  const search = SEARCH.exec(sql)?.[0]
  if (search !== undefined) return rowsOfSearch(database, search, values)
  const [since = null, limit] = values
  const recent = () => count(database, 'images WHERE updated_at >= ?', since)
  if (COUNT_RECENT.test(sql)) return Math.min(recent(), Number(limit))
  if (COUNT_BETWEEN.test(sql)) return database.prepare(sql).all(...values).length
  if (FIRST_AND_LAST.test(sql)) return 2
  if (sql.includes(BY_UPDATE)) return recent()
  if (/postings|updated_at/.test(sql.replace(/^SELECT .*? FROM/s, ''))) {
    throw new Error(`the bench cannot count the rows of a new kind of statement: ${sql}`)
  }
  return 0
}

function rowsOfSearch(
  database: Database,
  search: string,
  values: readonly SQLInputValue[],
): number {
  const own = values.slice(0, search.split('?').length - 1)
  const found = database.prepare(search).all(...own)
  const [match, from = null] = own
  const to = found.length < Number(own.at(-1)) ? LAST_PLACE : Number(found.at(-1)?.['place'])
  const words = new Set(String(match).match(/[a-z][0-9a-z]*/g))
  const entries = `postings WHERE postings MATCH ?
    AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)`
  return [...words].reduce((rows, word) => rows + count(database, entries, word, from, to), 0)
}

function count(database: Database, rows: string, ...values: SQLInputValue[]): number {
  return Number(database.prepare(`SELECT count(*) AS rows FROM ${rows}`).get(...values)?.['rows'])
}
