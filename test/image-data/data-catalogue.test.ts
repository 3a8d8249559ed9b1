import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import type { FileName, ImageFiles } from '../../src/image-data/image-files.ts'
import { DataCatalogue } from '../../src/server/data-catalogue.ts'
import { IMAGE_ID, makeImage, PROJECT } from '../server/stand.ts'

const OWNER = { project: PROJECT, isAdmin: false }
const STRANGER = { project: 'somebody else', isAdmin: false }
const CHECKSUM = 'f'.repeat(32)

describe('a catalogue that frees bytes', () => {
  let removed: FileName[]
  let trouble: string[]
  let failure: Error | undefined
  let bare: MemoryCatalogue
  let catalogue: DataCatalogue

  const files: ImageFiles = {
    claim: () => Promise.reject(new Error('not asked for here')),
    open: async () => undefined,
    free: async (name, isWanted) => {
      if (failure !== undefined) throw failure
      if (!(await isWanted())) removed.push(name)
      return true
    },
  }
  beforeEach(async () => {
    removed = []
    trouble = []
    failure = undefined
    bare = new MemoryCatalogue(() => 0)
    await bare.create(makeImage(0, { checksum: CHECKSUM }))
    catalogue = new DataCatalogue(bare, files, (error, id) => trouble.push(`${id}: ${error}`))
  })

  it('does so for every way to delete', async () => {
    await catalogue.delete(OWNER, IMAGE_ID)
    assert.deepEqual(removed, [
      { id: IMAGE_ID, checksum: CHECKSUM },
      { id: IMAGE_ID, checksum: undefined },
    ])
    await bare.create(makeImage(1, { checksum: CHECKSUM }))
    await catalogue.remove(makeImage(1).id, () => undefined)
    assert.equal(removed.length, 4)
  })

  it('keeps the bytes of what may not be deleted', async () => {
    await assert.rejects(catalogue.delete(STRANGER, IMAGE_ID), { code: 'image.not_found' })
    await bare.update(IMAGE_ID, (image) => ({ ...image, isProtected: true }))
    await assert.rejects(catalogue.delete(OWNER, IMAGE_ID), { code: 'image.protected' })
    assert.deepEqual(removed, [])
  })

  it('lets a deletion stand whose bytes cannot be freed, and tells of it', async () => {
    failure = new Error('the disk is broken')
    await catalogue.delete(OWNER, IMAGE_ID)
    assert.equal(await catalogue.find(IMAGE_ID), undefined)
    assert.deepEqual(trouble, [`${IMAGE_ID}: Error: the disk is broken`])
  })
})
