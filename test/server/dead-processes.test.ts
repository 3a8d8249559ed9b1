import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { ProcessPresence } from '../../src/database/presence.ts'
import { ImageFolder } from '../../src/image-data/data-folder.ts'
import { DeadProcesses } from '../../src/server/dead-processes.ts'
import { openImageData } from '../../src/server/image-data.ts'
import { dataFiles } from '../image-data/files.ts'
import { makeImage } from './stand.ts'

const SETTINGS = { sizeBytesMax: 1000, freeBytesMin: 0, uploadsMax: 9, requireFormatMatch: false }
const LOOK_MS = 30_000

/** Two processes over one folder, of which one has an upload on its way: its bytes are published. */
async function stand(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-dead-'))
  const catalogue = new MemoryCatalogue(() => 0)
  const log: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => log.push(line) })
  const { close } = await openImageData(folder, catalogue, SETTINGS, logger)
  const other = new ProcessPresence(join(folder, 'processes'))
  const files = await ImageFolder.open(join(folder, 'images'), other, SETTINGS)
  t.after(async () => {
    await close()
    files.leave()
    rmSync(folder, { recursive: true })
  })
  const { id } = await catalogue.create(makeImage(1, { status: 'saving', checksum: null }))
  const claim = await files.claim(id)
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('bytes')
  }
  await claim.publish(await claim.receive(body(), undefined))
  const status = async () => (await catalogue.find(id))?.status
  return { folder, other, log, status }
}

test('what a process leaves that dies is put right by another that runs', async (t) => {
  const { folder, other, log, status } = await stand(t)
  other.close()
  t.mock.timers.tick(LOOK_MS)
  while ((await status()) !== 'queued' || log.length === 0) await new Promise(setImmediate)
  assert.deepEqual(await dataFiles(folder), [])
  assert.match(log.join(''), /put right what an earlier end in the midst of work had left/)
})

test('what a process that lives is doing is left alone', async (t) => {
  const { folder, other, log, status } = await stand(t)
  t.mock.timers.tick(LOOK_MS)
  for (let turns = 0; turns < 1000; turns += 1) await new Promise(setImmediate)
  assert.equal(await status(), 'saving')
  assert.equal((await dataFiles(folder)).length, 1)
  assert.deepEqual(log, [])
  other.close()
})

test('one look at a time, and a failure is told once', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const looks: PromiseWithResolvers<void>[] = []
  const log: unknown[] = []
  const recover = () => {
    const look = Promise.withResolvers<void>()
    looks.push(look)
    return look.promise
  }
  const dead = new DeadProcesses(recover, { warn: (what: unknown) => log.push(what) })
  const pass = async (outcome: 'fails' | 'succeeds') => {
    t.mock.timers.tick(LOOK_MS)
    t.mock.timers.tick(LOOK_MS)
    const look = looks.pop()
    assert.equal(looks.length, 0, 'one at a time')
    if (outcome === 'fails') look?.reject(new Error('the disk is full'))
    else look?.resolve()
    await new Promise(setImmediate)
  }
  await pass('fails')
  await pass('fails')
  assert.equal(log.length, 1)
  await pass('succeeds')
  await pass('fails')
  assert.equal(log.length, 2)
  await dead[Symbol.asyncDispose]()
  t.mock.timers.tick(LOOK_MS)
  assert.equal(looks.length, 0)
})
