import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ManagedCatalogue } from '../../src/catalogue/managed-catalogue.ts'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { ProcessPresence } from '../../src/database/presence.ts'
import type { Image } from '../../src/image/image.ts'
import { ImageFolder } from '../../src/image-data/data-folder.ts'
import { DataCatalogue } from '../../src/server/data-catalogue.ts'
import { recoverData } from '../../src/server/recover-data.ts'
import { makeImage } from '../server/stand.ts'
import { dataFiles } from './files.ts'

/** What one process does to the files of an image while another stores data of that id. */

const LIMITS = { sizeBytesMax: 2 ** 40, freeBytesMin: 0, uploadsMax: 100 }
const NOW_SECONDS = 1_800_000_000
const BYTES = Buffer.from('the same bytes before and after')
const WAITING = { sizeBytes: null, virtualSizeBytes: null, checksum: null }
const queued = makeImage(1, { ...WAITING, status: 'queued' })
const { id } = queued

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

interface Process extends AsyncDisposable {
  readonly files: ImageFolder
  /** As if it were killed. */
  die(): void
}

let folder = ''
let catalogue: MemoryCatalogue
let one: Process
let two: Process

async function open(): Promise<Process> {
  const presence = new ProcessPresence(join(folder, 'processes'))
  const files = await ImageFolder.open(join(folder, 'images'), presence, LIMITS)
  return {
    files,
    die: () => presence.close(),
    async [Symbol.asyncDispose]() {
      files.leave()
      presence.close()
    },
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-folders-'))
  catalogue = new MemoryCatalogue(() => NOW_SECONDS)
  one = await open()
  two = await open()
})
afterEach(async () => {
  await one[Symbol.asyncDispose]()
  await two[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Stores an image with its data, or with staged data, as a face does. */
async function store(
  { files }: Process,
  status: 'active' | 'uploading' = 'active',
): Promise<Image> {
  await catalogue.putImages([queued])
  const claim = await files.claim(id)
  const received = await claim.receive(once(BYTES), undefined)
  await (status === 'active' ? claim.publish(received) : claim.stage())
  const { sizeBytes, checksum } = received
  const known = status === 'active' ? { sizeBytes, checksum } : { sizeBytes }
  const stored = await catalogue.update(id, (image) => ({ ...image, ...known, status }))
  await claim.release()
  return stored
}

/** The catalogue of a process that is held up after one of its calls: others are faster meanwhile. */
function heldUp(
  after: 'find' | 'remove',
  meanwhile: () => Promise<unknown>,
  nth = 1,
): ManagedCatalogue {
  let calls = 0
  return new Proxy(catalogue, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return key !== after
        ? value.bind(target)
        : async (...args: unknown[]) => {
            const result: unknown = await value.apply(target, args)
            calls += 1
            if (calls === nth) await meanwhile()
            return result
          }
    },
  })
}

const recover = ({ files }: Process, from: ManagedCatalogue = catalogue) =>
  recoverData(from, files, () => NOW_SECONDS)
const fail = (error: unknown) => assert.fail(String(error))

describe('a deletion', () => {
  for (const after of ['remove', 'find'] as const) {
    it(`leaves the data of a new image of that id that has the same bytes (after ${after})`, async () => {
      await store(one)
      const held = heldUp(after, () => store(two))
      await new DataCatalogue(held, one.files, fail).remove(id, () => {})
      assert.deepEqual(await dataFiles(folder), [`${id}.${(await catalogue.find(id))?.checksum}`])
    })

    it(`leaves what is staged for a new image of that id (after ${after})`, async () => {
      await store(one, 'uploading')
      const held = heldUp(after, () => store(two, 'uploading'))
      await new DataCatalogue(held, one.files, fail).remove(id, () => {})
      assert.deepEqual(await dataFiles(folder), [id])
    })
  }

  it('waits for a claim that ends soon, and frees the bytes then', async () => {
    await store(one)
    const claim = await two.files.claim(id)
    const deletion = new DataCatalogue(catalogue, one.files, fail).remove(id, () => {})
    while ((await catalogue.find(id)) !== undefined) await new Promise(setImmediate)
    await claim.release()
    await deletion
    assert.deepEqual(await dataFiles(folder), [])
  })
})

describe('a start', () => {
  for (const nth of [1, 2]) {
    it(`leaves the data of an image that is made again while the files are swept (${nth})`, async () => {
      const { checksum } = await store(one)
      await catalogue.remove(id, () => {})
      const { removedFiles } = await recover(
        one,
        heldUp('find', () => store(two), nth),
      )
      assert.equal(removedFiles, 0)
      assert.deepEqual(await dataFiles(folder), [`${id}.${checksum}`])
    })
  }

  it('at the same moment as another leaves what that one has staged again', async () => {
    await store(one, 'uploading')
    const claim = await one.files.claim(id)
    await catalogue.update(id, (image) => ({ ...image, status: 'importing' }))
    await claim.publish(await claim.takeStaged())
    one.die()
    await using three = await open()
    const found = await Promise.all([recover(two), recover(three)])
    assert.deepEqual(
      found.flatMap(({ restaged }) => restaged),
      [id],
    )
    await Promise.all([two.files.forgetTheDead(), three.files.forgetTheDead()])
    assert.equal((await catalogue.find(id))?.status, 'uploading')
    assert.deepEqual(await dataFiles(folder), [id])
  })

  it('leaves an upload alone whose id a process that died had claimed', async () => {
    await catalogue.putImages([{ ...queued, status: 'saving' }])
    await (await one.files.claim(id)).receive(once(Buffer.from('of before')), undefined)
    one.die()
    await catalogue.remove(id, () => {})
    await catalogue.putImages([{ ...queued, status: 'saving' }])
    const claim = await two.files.claim(id)
    const received = await claim.receive(once(BYTES), undefined)
    await using three = await open()
    assert.deepEqual((await recover(three)).requeued, [])
    assert.equal((await catalogue.find(id))?.status, 'saving')
    await claim.publish(received)
    const { checksum } = await catalogue.update(id, (image) => ({
      ...image,
      ...{ status: 'active', checksum: received.checksum },
    }))
    await claim.release()
    assert.deepEqual((await recover(three)).requeued, [])
    assert.deepEqual(await dataFiles(folder), [`${id}.${checksum}`])
  })
})
