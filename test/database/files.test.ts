import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { DatabaseRefused } from '../../src/database/check-file.ts'
import { Database } from '../../src/database/database.ts'
import { MIGRATIONS } from '../../src/database/migrations.ts'

const folder = mkdtempSync(join(tmpdir(), 'database-'))
after(() => rmSync(folder, { recursive: true }))

let made = 0

/** A catalogue's file with something in it, closed. */
function makeFile(): string {
  made += 1
  const file = join(folder, `${made}.db`)
  const database = new Database(file)
  const insert = database.prepare('INSERT INTO audiences (project) VALUES (?)')
  database.sqlite.exec('BEGIN')
  for (let n = 0; n < 2000; n += 1) insert.run(`project ${n} ${'x'.repeat(100)}`)
  database.sqlite.exec('COMMIT')
  database.close()
  return file
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes, 0, bytes.length, at)
  closeSync(handle)
}

/** Opens it, expects a refusal that names the file, and that not a byte of it has changed. */
function assertRefused(file: string, because: RegExp): void {
  const before = readFileSync(file)
  assert.throws(
    () => new Database(file),
    (error: unknown) => {
      assert.ok(error instanceof DatabaseRefused, String(error))
      assert.match(error.message, because)
      assert.ok(error.message.startsWith(file), error.message)
      assert.match(error.message, /has been left as it is$/)
      return true
    },
  )
  assert.ok(before.equals(readFileSync(file)), 'the file was written to')
}

test('a file of a newer version is refused', () => {
  const file = makeFile()
  const sqlite = new DatabaseSync(file)
  sqlite.exec(`PRAGMA journal_mode = DELETE; PRAGMA user_version = ${MIGRATIONS.length + 1}`)
  sqlite.close()
  assertRefused(
    file,
    new RegExp(
      `newer Afterimage \\(format ${MIGRATIONS.length + 1}; this one reads up to ${MIGRATIONS.length}\\)`,
    ),
  )
})

test('a database of another program is refused', () => {
  const file = join(folder, 'foreign.db')
  const sqlite = new DatabaseSync(file)
  sqlite.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  sqlite.close()
  assertRefused(file, /is a database, but not an Afterimage catalogue/)
})

test('garbage is refused', () => {
  const file = join(folder, 'garbage.db')
  writeFileSync(file, Buffer.alloc(8192, 'no database '))
  assertRefused(file, /is damaged/)
})

test('a file cut short is refused', () => {
  const file = makeFile()
  writeFileSync(file, readFileSync(file).subarray(0, (statSync(file).size >> 1) + 100))
  assertRefused(file, /is damaged/)
})

test('a file with an overwritten page is refused', () => {
  const file = makeFile()
  const pages = statSync(file).size / 4096
  overwrite(file, 4096 * Math.floor(pages / 2), Buffer.alloc(4096, 0xa5))
  assertRefused(file, /is damaged/)
})

test('an empty file is a new catalogue', () => {
  const file = join(folder, 'empty.db')
  writeFileSync(file, '')
  using database = new Database(file)
  assert.deepEqual(
    { ...database.sqlite.prepare('PRAGMA user_version').get() },
    { user_version: MIGRATIONS.length },
  )
})

test('a file is migrated once, and opened again with what it held', () => {
  const file = makeFile()
  for (let again = 0; again < 2; again += 1) {
    using database = new Database(file)
    const row = database.prepare('SELECT count(*) AS projects FROM audiences').get()
    assert.equal(row?.['projects'], 2000)
  }
})

test('a migration that fails leaves the file at the version it had', () => {
  const file = makeFile()
  const sqlite = new DatabaseSync(file)
  sqlite.exec('PRAGMA user_version = 1') // step 2 will meet tables that are there already
  sqlite.close()
  assert.throws(() => new Database(file), /already exists/)
  const reread = new DatabaseSync(file)
  assert.equal(Object.values(reread.prepare('PRAGMA user_version').get() ?? {})[0], 1)
  reread.close()
})

test('a file that is only read is left as it is, byte for byte', () => {
  const file = makeFile()
  const before = readFileSync(file)
  {
    using database = new Database(file, { isReadOnly: true })
    const row = database.prepare('SELECT count(*) AS projects FROM audiences').get()
    assert.equal(row?.['projects'], 2000)
  }
  assert.deepEqual(readFileSync(file), before)
  assert.deepEqual([existsSync(`${file}-wal`), existsSync(`${file}-shm`)], [false, false])
})

test('a file that is only read refuses a write, and says what to do', async () => {
  const file = makeFile()
  using database = new Database(file, { isReadOnly: true })
  await assert.rejects(
    database.write(() => database.prepare('DELETE FROM audiences').run()),
    { name: 'FileTrouble', code: 'EROFS', path: file },
  )
})

test('what another connection has not put into the file yet is read too', () => {
  const file = makeFile()
  using writer = new Database(file)
  writer.sqlite.exec(`INSERT INTO audiences (project) VALUES ('late')`)
  using database = new Database(file, { isReadOnly: true })
  const row = database.prepare('SELECT count(*) AS projects FROM audiences').get()
  assert.equal(row?.['projects'], 2001)
})

test('a file of an earlier version is not read without being brought up to date', () => {
  const file = makeFile()
  const sqlite = new DatabaseSync(file)
  sqlite.exec(`PRAGMA user_version = ${MIGRATIONS.length - 1}`)
  sqlite.close()
  assert.throws(() => new Database(file, { isReadOnly: true }), {
    name: 'DatabaseRefused',
    message: /was written by an earlier Afterimage.*copy its folder/,
  })
})
