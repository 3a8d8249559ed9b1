import assert from 'node:assert/strict'
import { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { Image } from '../../src/image/image.ts'
import { type ExportOptions, exportImages } from '../../src/transfer/export.ts'
import { importImages } from '../../src/transfer/import.ts'
import { MapStore } from './map-store.ts'
import { oddDocuments } from './odd-documents.ts'

class Sink extends Writable {
  readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk)
    done()
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

async function filled(text: string | Buffer): Promise<MapStore> {
  const store = new MapStore()
  const stdin = Readable.from([Buffer.from(text)])
  const report = await importImages({ files: ['-'], stdin, store, onBadDocument: 'stop' })
  assert.deepEqual(report.problems, [])
  return store
}

async function exported(store: MapStore, options: ExportOptions): Promise<Buffer> {
  const sink = new Sink()
  const count = await exportImages(store, sink, options)
  assert.equal(count, store.images.size)
  assert.equal(sink.writableFinished, true)
  return sink.bytes()
}

test('what was exported, imported and exported again is the same byte for byte', async () => {
  const lines = oddDocuments()
  const store = await filled(lines)
  for (const format of ['array', 'lines'] as const) {
    for (const gzip of [true, false]) {
      const first = await exported(store, { format, gzip })
      const again = await filled(first)
      assert.deepEqual(again.images, store.images)
      assert.ok(first.equals(await exported(again, { format, gzip })))
    }
  }
})

test('each document is a line, as it was read, in both formats', async () => {
  const lines = oddDocuments()
  const store = await filled(lines)
  assert.equal((await exported(store, { format: 'lines', gzip: false })).toString(), lines)
  const array = await exported(store, { format: 'array', gzip: false })
  assert.equal(array.toString(), `[\n${lines.trimEnd().replaceAll('\n', ',\n')}\n]\n`)
  assert.deepEqual(
    JSON.parse(array.toString()),
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
  assert.equal(gunzipSync(await exported(store, { format: 'lines', gzip: true })).toString(), lines)
})

test('an empty store gives an empty array, or no lines', async () => {
  const store = new MapStore()
  const array = await exported(store, { format: 'array', gzip: false })
  assert.deepEqual(JSON.parse(array.toString()), [])
  assert.equal((await exported(store, { format: 'lines', gzip: false })).length, 0)
  assert.equal((await filled(array)).images.size, 0)
})

test('an export goes no faster than its sink takes it', async () => {
  const [image] = (await filled(oddDocuments())).images.values()
  let batches = 0
  const endless = {
    async *exportImages(): AsyncGenerator<readonly Image[], void> {
      for (; batches < 1000 && image !== undefined; batches += 1) yield Array(100).fill(image)
    },
  }
  const stuck = new Writable({ write: () => undefined })
  const controller = new AbortController()
  const options = { format: 'lines', gzip: false, signal: controller.signal } as const
  const running = exportImages(endless, stuck, options)
  await sleep(50)
  assert.ok(batches < 10, `${batches} batches were read for a sink that takes none`)
  controller.abort()
  await assert.rejects(running, { name: 'AbortError' })
})

test('a sink that fails ends the export with its error', async () => {
  const store = await filled(oddDocuments())
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })
  await assert.rejects(exportImages(store, failing, { format: 'array', gzip: true }), /disk full/)
})
