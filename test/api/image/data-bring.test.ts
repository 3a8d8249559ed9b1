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
import { until } from './data-stand.ts'

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
  const open = async (freeBytesMin = 0, from: ManagedCatalogue = catalogue) => {
    const limits = {
      sizeBytesMax: 1_000_000,
      freeBytesMin,
      uploadsMax: 100,
      requireFormatMatch: false,
    }
    const logger = pino({ level: 'warn' }, { write: (line) => log.push(line) })
    return openImageData(folder, from, { ...limits, ...settings }, logger)
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

const NOT_WRITABLE = new Error('the disk is full')

/** A catalogue in which nothing can be changed while it is broken. */
function breakable(catalogue: ManagedCatalogue) {
  const state = { isBroken: false }
  const proxy = new Proxy(catalogue, {
    get: (target, key) => {
      if (key === 'update' && state.isBroken) return () => Promise.reject(NOT_WRITABLE)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { state, catalogue: proxy }
}

/** An import after whose last byte the catalogue breaks. */
async function breakImport(stand: Awaited<ReturnType<typeof openData>>) {
  await stand.catalogue.putImages([{ ...queued, status: 'uploading', sizeBytes: BYTES.length }])
  const { state, catalogue } = breakable(stand.catalogue)
  const opened = await stand.open(0, catalogue)
  const staging = await opened.service.files.claim(ID)
  await staging.receive(body(), undefined)
  await staging.stage()
  await staging.release()
  const deps = dependencies(opened, catalogue)
  const importing = withClaim(deps, ID, 'importing', async (claim) => {
    const received = await claim.takeStaged()
    state.isBroken = true
    await activate(deps, claim, ID, 'importing', received)
  })
  await assert.rejects(importing, NOT_WRITABLE)
  return { opened, state }
}

async function untilFree({ service }: Opened): Promise<void> {
  await until(async () => {
    const claim = await service.files.claim(ID).catch(() => undefined)
    await claim?.release()
    return claim !== undefined
  })
}

test('an import whose end cannot be written is staged again at the next start', async (t) => {
  const stand = await openData(t)
  const { catalogue, open, files } = stand
  const { opened: first } = await breakImport(stand)
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

test('an import whose end cannot be written is staged again once it can', async (t) => {
  const stand = await openData(t)
  const { opened, state } = await breakImport(stand)
  assert.equal((await stand.catalogue.find(ID))?.status, 'importing')
  state.isBroken = false
  await untilFree(opened)
  const { status, sizeBytes } = (await stand.catalogue.find(ID)) ?? {}
  assert.deepEqual([status, sizeBytes], ['uploading', BYTES.length])
  assert.deepEqual(await stand.files(), [ID])
  await opened.close()
})

for (const status of ['saving', 'uploading'] as const) {
  test(`an image whose data broke off is queued again once it can be written (${status})`, async (t) => {
    const stand = await openData(t)
    const { catalogue, open, files, log } = stand
    await catalogue.putImages([queued])
    const broken = breakable(catalogue)
    const opened = await open(0, broken.catalogue)
    const deps = dependencies(opened, broken.catalogue)
    const upload = withClaim(deps, ID, status, async (claim) => {
      const received = await claim.receive(body(), undefined)
      if (status === 'saving') await claim.publish(received)
      else await claim.stage()
      broken.state.isBroken = true
      throw new Error('broken off')
    })
    await assert.rejects(upload, /broken off/)
    assert.equal((await catalogue.find(ID))?.status, status)
    assert.deepEqual(await files(), [], 'a full disk takes rows only when these bytes are gone')
    await assert.rejects(opened.service.files.claim(ID), { code: 'data.claimed' })
    broken.state.isBroken = false
    await untilFree(opened)
    assert.equal((await catalogue.find(ID))?.status, 'queued')
    const told = log.map((line) => JSON.parse(line).msg)
    assert.deepEqual(told, [
      'the image stays as it is until it can be written',
      'put right what could not be written before',
    ])
    await opened.close()
  })
}

test('an image that is not staged is not imported, whatever was staged for one of its id', async (t) => {
  const { catalogue, open, files } = await openData(t)
  const opened = await open()
  const staging = await opened.service.files.claim(ID)
  await staging.receive(body(), undefined)
  await staging.stage()
  await staging.release()
  for (const sizes of [{}, { status: 'uploading' } as const]) {
    await catalogue.putImages([{ ...queued, ...sizes }])
    const work = () => assert.fail('it began')
    const importing = withClaim(dependencies(opened, catalogue), ID, 'importing', work)
    await assert.rejects(importing, { code: 'image.conflict' })
  }
  assert.deepEqual(await files(), [ID])
  await opened.close()
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
