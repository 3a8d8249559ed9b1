import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import type { ImageStore } from '../../src/catalogue/catalogue.ts'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { exportImages } from '../../src/transfer/export.ts'
import { importImages } from '../../src/transfer/import.ts'
import type { Neighbour } from './neighbour.ts'
import { oddDocuments } from './odd-documents.ts'

const IMAGES = 10_000
const BATCH = 1000
/** Far more than a turn takes, and far less than a whole import. */
const WAIT_MS_MAX = 2000

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'transfer-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function exported(store: ImageStore): Promise<string> {
  const chunks: Buffer[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  await exportImages(store, sink, { format: 'lines', gzip: false })
  return Buffer.concat(chunks).toString()
}

async function imported(store: ImageStore, text: string): Promise<void> {
  const stdin = Readable.from([Buffer.from(text)])
  const report = await importImages({ files: ['-'], stdin, store, onBadDocument: 'stop' })
  assert.deepEqual(report.problems, [])
}

test('SQLite loses nothing: export, import and export again are the same byte for byte', async () => {
  await inFolder(async (folder) => {
    using one = new Database(join(folder, 'one.db'))
    using other = new Database(join(folder, 'other.db'))
    const text = oddDocuments()
    await imported(openSqliteCatalogue(one), text)
    const first = await exported(openSqliteCatalogue(one))
    assert.deepEqual(first.split('\n').sort(), text.split('\n').sort())
    await imported(openSqliteCatalogue(other), first)
    assert.equal(await exported(openSqliteCatalogue(other)), first)
    const memory = new MemoryCatalogue(() => 0)
    await imported(memory, first)
    assert.equal(await exported(memory), first)
  })
})

function line(n: number): string {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  const properties = Object.fromEntries(
    Array.from({ length: 8 }, (_, k) => [`k${k}`, `v${n % (k + 2)}`]),
  )
  const created_at = new Date(1_700_000_000_000 + n * 1000).toISOString()
  return JSON.stringify({ ...properties, id, name: `image-${n}`, created_at, visibility: 'public' })
}

test('while one process imports, another reads and writes the same catalogue', async (t) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'catalogue.db')
    using database = new Database(path)
    const store = openSqliteCatalogue(database)
    await imported(store, line(0))
    const documents = join(folder, 'images.json')
    await writeFile(
      documents,
      Array.from({ length: IMAGES }, (_, n) => `${line(n + 1)}\n`).join(''),
    )

    const script = new URL('neighbour.ts', import.meta.url).pathname
    const id = '00000000-0000-4000-8000-000000000000'
    const child = spawn(process.execPath, [script, path, id], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const exit = once(child, 'exit')
    await once(child.stdout, 'data')
    const startedMs = performance.now()
    const report = await importImages({
      files: [documents],
      stdin: Readable.from([]),
      store,
      onBadDocument: 'stop',
      batchSize: BATCH,
    })
    const tookMs = Math.round(performance.now() - startedMs)
    child.stdin.end()
    const output = await child.stdout.toArray()
    assert.deepEqual(await exit, [0, null])

    const seen: Neighbour = JSON.parse(Buffer.concat(output).toString())
    t.diagnostic(`an import of ${tookMs} ms beside ${JSON.stringify(seen)}`)
    assert.equal(report.created, IMAGES)
    assert.ok(seen.listedMax > 1, 'the other process saw none of the images')
    assert.ok(seen.writes >= 3, 'the other process could not write')
    assert.ok(seen.writesSlowestMs < WAIT_MS_MAX, `a write took ${seen.writesSlowestMs} ms`)
    assert.ok(seen.readsSlowestMs < WAIT_MS_MAX, `a read took ${seen.readsSlowestMs} ms`)
  })
})
