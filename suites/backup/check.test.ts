import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { faultCount } from '../../src/backup/check-report.ts'
import type { Image } from '../../src/image/image.ts'
import { check, fileOf, Place, Served } from '../../test/backup/stand.ts'

let place: Place
let served: Served
let image: Image
beforeEach(async () => {
  place = new Place()
  served = await Served.open(place.at('data'))
  image = await served.upload('some bytes')
})
afterEach(async () => {
  await served[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** The faults' kinds and files. */
async function faults(mayLackFiles = false): Promise<readonly (readonly [string, string])[]> {
  const report = await check(served.folder, mayLackFiles)
  assert.equal(faultCount(report), report.described.length)
  return report.described.map(({ kind, path }) => [kind, path])
}

describe('a check', () => {
  it('finds nothing in a folder that is in use and whole, and counts what is there', async () => {
    await served.stage('staged')
    await served.create({ status: 'queued' })
    const { images, files, bytes, hashed, described } = await check(served.folder)
    assert.deepEqual(described, [])
    const expected = { images: 3, files: 2, bytes: 'some bytesstaged'.length, hashed: 1 }
    assert.deepEqual({ images, files, bytes, hashed }, expected)
  })

  it('finds a file that is missing, unless files may be missing', async () => {
    rmSync(fileOf(served.folder, image))
    assert.deepEqual(await faults(), [['missing-file', fileOf(served.folder, image)]])
    assert.deepEqual(await faults(true), [])
    assert.equal((await check(served.folder, true)).withoutFile, 1)
  })

  it('finds staged data that is missing, whatever may be missing', async () => {
    const { id } = await served.stage('staged')
    rmSync(place.at('data', 'images', 'staged', id))
    assert.deepEqual(await faults(true), [
      ['missing-file', place.at('data', 'images', 'staged', id)],
    ])
  })

  it('finds a file of another size, and one of other bytes', async () => {
    writeFileSync(fileOf(served.folder, image), 'some')
    assert.deepEqual(await faults(), [['wrong-size', fileOf(served.folder, image)]])
    writeFileSync(fileOf(served.folder, image), 'same bytes')
    assert.deepEqual(await faults(), [['wrong-hash', fileOf(served.folder, image)]])
  })

  it('compares the MD5 where a row has no other hash', async () => {
    await served.change(image.id, { hashAlgorithm: null, hashValue: null })
    assert.deepEqual(await faults(), [])
    writeFileSync(fileOf(served.folder, image), 'same bytes')
    assert.deepEqual(await faults(), [['wrong-hash', fileOf(served.folder, image)]])
  })

  it('finds files that no row names, by whichever name', async () => {
    const [other, strange] = [place.at('data', 'images', 'staged', image.id), 'images/notes.txt']
    writeFileSync(other, '')
    writeFileSync(place.at('data', strange), '')
    renameSync(fileOf(served.folder, image), fileOf(served.folder, { ...image, id: OTHER_ID }))
    const stray = [
      fileOf(served.folder, { ...image, id: OTHER_ID }),
      other,
      place.at('data', strange),
    ]
    const found = await faults(true)
    assert.deepEqual(found.map(([, path]) => path).toSorted(), stray.toSorted())
    assert.deepEqual(new Set(found.map(([kind]) => kind)), new Set(['stray-file']))
  })

  it('has no fault for data that is coming in', async () => {
    const { id } = await served.create({ status: 'saving' })
    const claim = await served.claim(id)
    await claim.publish(await claim.receive(once('bytes'), undefined))
    const { described, midway } = await check(served.folder)
    assert.deepEqual({ described, midway }, { described: [], midway: 1 })
    await claim.release()
  })

  it('has no fault for an image that is deleted while it is looked at', async () => {
    const others = await served.put(50)
    const checked = check(served.folder)
    for (const { id } of others) await served.remove(id)
    assert.deepEqual((await checked).described, [])
  })

  it('finds damage of the database, and then compares nothing with it', async () => {
    await served.put(2000)
    await served[Symbol.asyncDispose]()
    const file = place.at('data', 'afterimage.db')
    const bytes = readFileSync(file)
    bytes.fill(
      0xff,
      Math.floor(statSync(file).size / 2),
      Math.floor(statSync(file).size / 2) + 9000,
    )
    writeFileSync(file, bytes)
    const report = await check(served.folder)
    assert.ok(report.faults.database)
    assert.deepEqual(new Set(report.described.map(({ kind }) => kind)), new Set(['database']))
    writeFileSync(file, 'x'.repeat(9000))
    assert.deepEqual(await faults(), [['database', file]])
    served = await Served.open(place.at('other'))
  })

  it('describes a thousand faults of a kind, and counts all', async () => {
    const images = await served.put(1002)
    for (const image of images) rmSync(fileOf(served.folder, image))
    const report = await check(served.folder)
    assert.equal(report.described.length, 1000)
    assert.equal(faultCount(report), 1002)
  })
})

const OTHER_ID = '00000000-0000-4000-8000-000000000099'

async function* once(bytes: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(bytes)
}
