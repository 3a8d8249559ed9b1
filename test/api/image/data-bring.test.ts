import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { activate, withClaim } from '../../../src/api/image/data-bring.ts'
import type { ImageDependencies } from '../../../src/api/image/dependencies.ts'
import type { ManagedCatalogue } from '../../../src/catalogue/managed-catalogue.ts'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import { openImageData } from '../../../src/server/image-data.ts'
import { idOf, imageOf } from '../../catalogue/images.ts'
import { dataFiles } from '../../image-data/files.ts'

const ID = idOf(1)
const BYTES = Buffer.from('the bytes of an image')
async function* body(): AsyncGenerator<Uint8Array> {
  yield BYTES
}

async function openData(t: TestContext, settings: { requireFormatMatch?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-bring-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const database = new Database(join(folder, 'afterimage.db'))
  t.after(() => database.close())
  const catalogue = openSqliteCatalogue(database)
  const log: string[] = []
  const open = async (freeBytesMin = 0) => {
    const limits = { sizeBytesMax: 1_000_000, freeBytesMin, requireFormatMatch: false }
    const logger = pino({ level: 'warn' }, { write: (line) => log.push(line) })
    return openImageData(folder, catalogue, { ...limits, ...settings }, logger)
  }
  const files = () => dataFiles(folder)
  return { catalogue, open, files, log }
}

type Opened = Awaited<ReturnType<Awaited<ReturnType<typeof openData>>['open']>>

const dependencies = ({ service }: Opened, catalogue: ManagedCatalogue) =>
  ({ catalogue, data: service, now: () => 1_800_000_000 }) as ImageDependencies

const queued = imageOf(1, {
  ...{ status: 'queued', diskFormat: 'raw', containerFormat: 'bare' },
  ...{ sizeBytes: null, virtualSizeBytes: null, checksum: null, hashValue: null },
})

test('an import whose end cannot be written is staged again at the next start', async (t) => {
  const { catalogue, open, files } = await openData(t)
  await catalogue.putImages([{ ...queued, status: 'uploading', sizeBytes: BYTES.length }])
  const first = await open()
  const staging = await first.service.files.claim(ID)
  await staging.receive(body(), undefined)
  await staging.stage()
  await staging.release()
  const isBroken = new Error('database is not open')
  let hasBroken = false
  const broken = new Proxy(catalogue, {
    get: (target, key) => {
      if (key === 'update' && hasBroken) return () => Promise.reject(isBroken)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const deps = dependencies(first, broken)
  const importing = withClaim(deps, ID, 'importing', async (claim) => {
    const received = await claim.takeStaged()
    hasBroken = true
    await activate(deps, claim, ID, 'importing', received)
  })
  await assert.rejects(importing, isBroken)
  await first.close()
  assert.equal((await catalogue.find(ID))?.status, 'importing')
  const second = await open()
  assert.equal((await catalogue.find(ID))?.status, 'uploading')
  assert.deepEqual(await files(), [ID])
  await withClaim(dependencies(second, catalogue), ID, 'importing', async (claim) =>
    activate(dependencies(second, catalogue), claim, ID, 'importing', await claim.takeStaged()),
  )
  assert.equal((await catalogue.find(ID))?.status, 'active')
  await second.close()
})

test('once the folder is left no file moves, whatever is still at work', async (t) => {
  const { catalogue, open, files } = await openData(t)
  await catalogue.putImages([queued])
  const { service, close } = await open()
  const claim = await service.files.claim(ID)
  const received = await claim.receive(body(), undefined)
  const closing = close()
  claim.leave()
  await closing
  const before = await files()
  await assert.rejects(claim.publish(received), /was left/)
  await assert.rejects(claim.stage(), /was left/)
  assert.deepEqual(await files(), before)
})

test('data must be of the format that the image says when it has come', async (t) => {
  const { catalogue, open, files } = await openData(t, { requireFormatMatch: true })
  await catalogue.putImages([queued])
  const opened = await open()
  const deps = dependencies(opened, catalogue)
  const upload = withClaim(deps, ID, 'saving', async (claim) => {
    const received = await claim.receive(body(), undefined)
    await catalogue.update(ID, (image) => ({ ...image, diskFormat: 'qcow2' }))
    await activate(deps, claim, ID, 'saving', received)
  })
  await assert.rejects(upload, { code: 'data.format' })
  assert.equal((await catalogue.find(ID))?.status, 'queued')
  assert.deepEqual(await files(), [])
  await opened.close()
})

test('what had come is gone before the image is queued again, as a full disk needs it', async (t) => {
  const { catalogue, open, files } = await openData(t)
  await catalogue.putImages([queued])
  const opened = await open()
  const deps = dependencies(opened, catalogue)
  const came: (readonly string[])[] = []
  async function* breaksOff(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(900_000)
    came.push(await files())
    throw new Error('the caller left')
  }
  const upload = withClaim(deps, ID, 'saving', async (claim) => {
    await claim.receive(breaksOff(), undefined).finally(async () => came.push(await files()))
  })
  await assert.rejects(upload, /the caller left/)
  assert.deepEqual(came, [['data'], []])
  assert.equal((await catalogue.find(ID))?.status, 'queued')
  await opened.close()
})

test('the operator is told where the disk is full', async (t) => {
  const { catalogue, open, log } = await openData(t)
  await catalogue.putImages([queued])
  const opened = await open(Number.MAX_SAFE_INTEGER)
  const upload = withClaim(dependencies(opened, catalogue), ID, 'saving', async (claim) => {
    await claim.receive(body(), undefined)
  })
  await assert.rejects(upload, { code: 'data.no_space' })
  assert.match(log.join(''), new RegExp(`${ID}.*bytes are free in`))
  await opened.close()
})
