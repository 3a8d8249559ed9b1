import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Database } from '../../src/database/database.ts'
import { integrityInThread } from '../../src/database/integrity-thread.ts'
import { FileTrouble } from '../../src/file-trouble/file-trouble.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-integrity-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const file = join(dir, 'catalogue.db')
new Database(file).close()

const problems = (path = file, signal = new AbortController().signal) =>
  integrityInThread({ file: path, isStill: true, problemsMax: 5 }, signal)

describe('the integrity of a database file, read in a thread', () => {
  it('is that there are no problems', async () => {
    assert.deepEqual(await problems(), [])
  })

  it('is told in the words of SQLite where the file is damaged', async () => {
    const damaged = join(dir, 'damaged.db')
    const bytes = readFileSync(file)
    bytes.fill(0xff, 8192, 12_000)
    writeFileSync(damaged, bytes)
    assert.ok((await problems(damaged)).length > 0)
    writeFileSync(damaged, 'x'.repeat(1000))
    assert.match((await problems(damaged)).join(), /not a database/)
  })

  it('cannot be read where the system refuses it', async () => {
    await assert.rejects(problems(dir), FileTrouble)
  })

  it('is no longer asked for after an interruption', async () => {
    await assert.rejects(problems(file, AbortSignal.abort()), { name: 'AbortError' })
  })
})
