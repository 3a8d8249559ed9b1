import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../../src/database/database.ts'
import { watchFile } from '../../src/server/watch-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'file-check-'))
after(() => rmSync(folder, { recursive: true }))

let made = 0

/** A catalogue's file with rows in it; a damaged one has bytes of its rows overwritten. */
function makeFile(isDamaged: boolean): string {
  made += 1
  const file = join(folder, `${made}.db`)
  const database = new Database(file)
  const insert = database.prepare('INSERT INTO audiences (project) VALUES (?)')
  database.sqlite.exec('BEGIN')
  for (let n = 0; n < 5000; n += 1) insert.run(`project ${n} ${'x'.repeat(100)}`)
  database.sqlite.exec('COMMIT')
  database.close()
  if (isDamaged) {
    // A row of the table or its index is another one now, so the two do not agree.
    const bytes = readFileSync(file)
    const at = bytes.indexOf('project 2500 ')
    assert.ok(at > 0)
    bytes.write('project 2600 ', at, 'latin1')
    bytes.fill(0xff, at - 64, at - 4)
    writeFileSync(file, bytes)
  }
  return file
}

test('damage is logged, and makes the server not ready', async () => {
  const log: string[] = []
  const logger = {
    error: (_: unknown, message: string) => log.push(message),
    warn: (_: unknown, message: string) => log.push(message),
  } as unknown as Parameters<typeof watchFile>[1]
  using good = watchFile(makeFile(false), logger, () => false)
  using bad = watchFile(makeFile(true), logger, () => false)
  const endMs = Date.now() + 60_000
  while ((await bad.readiness.check()) === undefined && Date.now() < endMs) await sleep(20)
  assert.match((await bad.readiness.check()) ?? '', /is damaged/)
  assert.equal(await good.readiness.check(), undefined)
  assert.deepEqual(log, ["the catalogue's file is damaged: stop this server and restore a backup"])
})
