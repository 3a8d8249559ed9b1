import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { ProcessPresence } from '../../src/database/presence.ts'
import type { Image } from '../../src/image/image.ts'
import { ImageFolder } from '../../src/image-data/data-folder.ts'
import type { Received } from '../../src/image-data/image-files.ts'
import { recoverData } from '../../src/server/recover-data.ts'
import { makeImage } from '../server/stand.ts'
import { dataFiles } from './files.ts'

/** What a start does with what a dead process left, for each step of its work. */

const LIMITS = { sizeBytesMax: 2 ** 40, freeBytesMin: 0, uploadsMax: 100 }
const NOW_SECONDS = 1_800_000_000
const WAITING = { sizeBytes: null, virtualSizeBytes: null, checksum: null }
const BYTES = Buffer.from('some bytes')

let folder = ''
let dead: ProcessPresence
let left: ImageFolder
let catalogue: MemoryCatalogue

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-recovery-'))
})
after(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  dead = new ProcessPresence(join(folder, 'processes'))
  left = await ImageFolder.open(join(folder, 'images'), dead, LIMITS)
  catalogue = new MemoryCatalogue(() => NOW_SECONDS)
})
afterEach(async () => {
  dead.close()
  await rm(join(folder, 'images'), { recursive: true })
})

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function store(index: number, fields: Partial<Image>): Promise<string> {
  return (await catalogue.create(makeImage(index, { ...WAITING, ...fields }))).id
}

function active({ checksum, sizeBytes }: Received): Partial<Image> {
  return { status: 'active', checksum, sizeBytes }
}

/** Starts again; the process before has died, or has not. */
async function start(isDead = true) {
  if (isDead) dead.close()
  using presence = new ProcessPresence(join(folder, 'processes'))
  const files = await ImageFolder.open(join(folder, 'images'), presence, LIMITS)
  const recovery = await recoverData(catalogue, files, () => NOW_SECONDS)
  await files.forgetTheDead()
  const owners = await readdir(join(folder, 'images', 'incoming'))
  await files.close()
  return { recovery, owners: owners.length }
}

const files = () => dataFiles(folder)

describe('recoverData', () => {
  it('requeues an upload that had begun', async () => {
    const id = await store(1, { status: 'saving' })
    const claim = await left.claim(id)
    await claim.receive(once(BYTES), undefined)
    const { recovery, owners } = await start()
    assert.deepEqual(recovery, { requeued: [id], restaged: [], removedFiles: 0 })
    assert.equal((await catalogue.find(id))?.status, 'queued')
    assert.deepEqual(await files(), [])
    assert.equal(owners, 1)
  })

  it('requeues an upload whose file was published before its row', async () => {
    const id = await store(1, { status: 'saving' })
    const claim = await left.claim(id)
    await claim.publish(await claim.receive(once(BYTES), undefined))
    assert.equal((await files()).length, 1)
    const { recovery } = await start()
    assert.deepEqual(recovery, { requeued: [id], restaged: [], removedFiles: 1 })
    assert.deepEqual(await files(), [])
  })

  it('keeps an upload whose row was written, though its claim is there still', async () => {
    const id = await store(1, { status: 'saving' })
    const claim = await left.claim(id)
    const received = await claim.receive(once(BYTES), undefined)
    await claim.publish(received)
    await catalogue.update(id, (image) => ({ ...image, ...active(received) }))
    const { recovery } = await start()
    assert.deepEqual(recovery, { requeued: [], restaged: [], removedFiles: 0 })
    assert.equal((await catalogue.find(id))?.status, 'active')
    assert.deepEqual(await files(), [`${id}.${received.checksum}`])
  })

  it('removes the file of an image that was deleted', async () => {
    const claim = await left.claim(makeImage(1).id)
    await claim.publish(await claim.receive(once(BYTES), undefined))
    await claim.release()
    const { recovery } = await start()
    assert.equal(recovery.removedFiles, 1)
    assert.deepEqual(await files(), [])
  })

  it('requeues what was being staged, and keeps what was staged whole', async () => {
    const half = await store(1, { status: 'uploading' })
    await (await left.claim(half)).receive(once(BYTES), undefined)
    const moved = await store(2, { status: 'uploading' })
    const movedClaim = await left.claim(moved)
    await movedClaim.receive(once(BYTES), undefined)
    await movedClaim.stage()
    const whole = await store(3, { status: 'uploading', sizeBytes: BYTES.length })
    const claim = await left.claim(whole)
    await claim.receive(once(BYTES), undefined)
    await claim.stage()
    const { recovery } = await start()
    assert.deepEqual([...recovery.requeued].sort(), [half, moved].sort())
    assert.equal((await catalogue.find(whole))?.status, 'uploading')
    assert.deepEqual(await files(), [whole])
  })

  it('stages again what was being imported, published or not', async () => {
    const ids: string[] = []
    for (const [index, isPublished] of [false, true].entries()) {
      const id = await store(index + 1, { status: 'importing', sizeBytes: BYTES.length })
      const staging = await left.claim(id)
      await staging.receive(once(BYTES), undefined)
      await staging.stage()
      await staging.release()
      const claim = await left.claim(id)
      const received = await claim.takeStaged()
      assert.equal(received.checksum, createHash('md5').update(BYTES).digest('hex'))
      if (isPublished) await claim.publish(received)
      ids.push(id)
    }
    const { recovery } = await start()
    assert.deepEqual([...recovery.restaged].sort(), ids.sort())
    assert.deepEqual([...(await files())].sort(), ids.sort())
    for (const id of ids) assert.equal((await catalogue.find(id))?.status, 'uploading')
  })

  it('leaves alone what a living process is doing', async () => {
    const saving = await store(1, { status: 'saving' })
    const claim = await left.claim(saving)
    const received = await claim.receive(once(BYTES), undefined)
    await claim.publish(received)
    const { recovery, owners } = await start(false)
    assert.deepEqual(recovery, { requeued: [], restaged: [], removedFiles: 0 })
    assert.equal((await catalogue.find(saving))?.status, 'saving')
    assert.deepEqual(await files(), [`${saving}.${received.checksum}`])
    assert.equal(owners, 2)
  })

  it('leaves alone documents of images whose data was never brought here', async () => {
    const ids = [await store(1, { status: 'saving' }), await store(2, { status: 'importing' })]
    ids.push(await store(3, { status: 'active', checksum: '0'.repeat(32) }))
    const { recovery } = await start()
    assert.deepEqual(recovery, { requeued: [], restaged: [], removedFiles: 0 })
    const statuses = await Promise.all(ids.map(async (id) => (await catalogue.find(id))?.status))
    assert.deepEqual(statuses, ['saving', 'importing', 'active'])
  })

  it('does not touch files that are none of its own', async () => {
    await writeFile(join(folder, 'images', 'README'), 'mine')
    await start()
    assert.deepEqual(await files(), ['README'])
  })
})

describe('a claim', () => {
  it('is held by one at a time', async () => {
    const { id } = makeImage(1)
    const claim = await left.claim(id)
    await assert.rejects(left.claim(id), { code: 'data.claimed' })
    await claim.release()
    await (await left.claim(id)).release()
  })

  it('is for an image id and nothing else', async () => {
    for (const id of ['', '..', '../x', 'ABC', `${makeImage(1).id}/x`]) {
      await assert.rejects(left.claim(id), TypeError)
    }
  })

  it('gives back what its body threw, and no bytes stay', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(3_000_000)
      throw new Error('broken off')
    }
    const claim = await left.claim(makeImage(1).id)
    await assert.rejects(claim.receive(broken(), undefined), /broken off/)
    await claim.release()
    assert.deepEqual(await files(), [])
  })
})
