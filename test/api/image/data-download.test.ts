import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { Call, Incoming } from '../../../src/api/image/call.ts'
import { activate, withClaim } from '../../../src/api/image/data-bring.ts'
import { downloadData } from '../../../src/api/image/data-download.ts'
import type { ImageDependencies } from '../../../src/api/image/dependencies.ts'
import type { ManagedCatalogue } from '../../../src/catalogue/managed-catalogue.ts'
import { MemoryCatalogue } from '../../../src/catalogue/memory/memory-catalogue.ts'
import type { Image } from '../../../src/image/image.ts'
import { openImageData } from '../../../src/server/image-data.ts'
import { idOf, imageOf } from '../../catalogue/images.ts'

/** A download between whose look at the row and at the file another process changes both. */

const ID = idOf(1)
const queued = imageOf(1, {
  ...{ status: 'queued', diskFormat: 'raw', containerFormat: 'bare' },
  ...{ sizeBytes: null, virtualSizeBytes: null, checksum: null, hashValue: null },
})

/** An image with the data 'old'. */
async function openImage(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-download-'))
  const settings = {
    sizeBytesMax: 1000,
    freeBytesMin: 0,
    uploadsMax: 100,
    requireFormatMatch: false,
  }
  const log = pino({ level: 'silent' })
  const { catalogue, service, close } = await openImageData(
    folder,
    new MemoryCatalogue(() => 0),
    settings,
    log,
  )
  t.after(async () => {
    await close()
    rmSync(folder, { recursive: true })
  })
  const store = async (data: string) => {
    const deps = { catalogue, data: service, now: () => 0 } as unknown as ImageDependencies
    await catalogue.create(queued)
    await withClaim(deps, ID, 'saving', async (claim) => {
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(data)
      }
      await activate(deps, claim, ID, 'saving', await claim.receive(body(), undefined))
    })
  }
  await store('old')
  return { catalogue, service, store }
}

async function download(
  { catalogue, service }: Awaited<ReturnType<typeof openImage>>,
  meanwhile: () => Promise<void>,
) {
  let looks = 0
  const find = async (id: string): Promise<Image | undefined> => {
    const image = await catalogue.find(id)
    looks += 1
    if (looks === 1) await meanwhile()
    return image
  }
  const deps = { catalogue: { find } as unknown as ManagedCatalogue, data: service }
  const call = { id: ID, viewer: { project: null, isAdmin: true } } as Call
  const incoming = { headers: {}, raw: { method: 'GET' } } as Incoming
  return downloadData(call, deps as ImageDependencies, incoming)
}

test('an image that is deleted before its file is opened is not there', async (t) => {
  const opened = await openImage(t)
  const asked = download(opened, async () => void (await opened.catalogue.remove(ID, () => {})))
  await assert.rejects(asked, { code: 'image.not_found' })
})

test('an image that is made again before its file is opened gives the data that it has now', async (t) => {
  const opened = await openImage(t)
  const { status, body } = await download(opened, async () => {
    await opened.catalogue.remove(ID, () => {})
    await opened.store('new data')
  })
  assert.equal(status, 200)
  assert.equal(await text(body as NodeJS.ReadableStream), 'new data')
})
