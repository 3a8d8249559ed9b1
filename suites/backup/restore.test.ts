import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Image } from '../../src/image/image.ts'
import { back, bring, check, fileOf, Place, Served } from '../../test/backup/stand.ts'

let place: Place
let image: Image
beforeEach(async () => {
  place = new Place()
  await using served = await Served.open(place.at('data'))
  image = await served.upload('some bytes')
  await served.stage('staged')
  await served.create({ status: 'active', checksum: 'a'.repeat(32), sizeBytes: 10 })
  writeFileSync(place.at('data', 'clouds.yaml'), 'clouds: {}\n', { mode: 0o600 })
  await back(served.folder, place.at('backup'))
})
afterEach(() => {
  place[Symbol.dispose]()
})

const listed = () => readdirSync(place.path).toSorted()

describe('a restore', () => {
  it('makes the folder that was backed up, for its owner only', async () => {
    await bring(place.at('backup'), place.at('restored'))
    assert.equal(statSync(place.at('restored')).mode & 0o777, 0o700)
    assert.equal(readFileSync(place.at('restored', 'clouds.yaml'), 'utf8'), 'clouds: {}\n')
    assert.deepEqual(listed(), ['backup', 'data', 'restored'])
    assert.deepEqual((await check(place.at('restored'), true)).described, [])
    await using served = await Served.open(place.at('restored'))
    assert.equal((await served.images()).length, 3)
    assert.equal(await served.read(image), 'some bytes')
  })

  it('leaves the backup as it was, also when the restored folder is used', async () => {
    const names = () => readdirSync(place.at('backup'), { recursive: true }).toSorted()
    const before = names()
    await bring(place.at('backup'), place.at('restored'))
    {
      await using served = await Served.open(place.at('restored'))
      await served.remove(image.id)
      await served.upload('other bytes')
    }
    assert.deepEqual(names(), before)
    assert.deepEqual((await check(place.at('backup'))).described, [])
  })

  it('goes into an empty folder, but not into another', async () => {
    mkdirSync(place.at('empty'))
    await bring(place.at('backup'), place.at('empty'))
    await assert.rejects(
      bring(place.at('backup'), place.at('empty')),
      /\/empty is there and is not empty; name a new folder, or give --replace/,
    )
    assert.deepEqual(listed(), ['backup', 'data', 'empty'])
  })

  it('moves aside what is there, where it is told to', async () => {
    writeFileSync(place.at('data', 'mine'), '')
    const { movedTo } = await bring(place.at('backup'), place.at('data'), place.at('aside'))
    assert.equal(movedTo, place.at('aside'))
    assert.ok(readdirSync(place.at('aside')).includes('mine'))
    assert.deepEqual((await check(place.at('data'), true)).described, [])
    const none = await bring(place.at('backup'), place.at('new'), place.at('aside-too'))
    assert.equal(none.movedTo, undefined)
    assert.deepEqual(listed(), ['aside', 'backup', 'data', 'new'])
  })

  it('refuses a folder that is being served, even to move it aside', async () => {
    await using served = await Served.open(place.at('data'))
    for (const aside of [undefined, place.at('aside')]) {
      await assert.rejects(
        bring(place.at('backup'), served.folder, aside),
        /\/data is being served; stop that "afterimage serve" first/,
      )
    }
    assert.deepEqual(listed(), ['backup', 'data'])
  })
})

describe('a restore of what is no whole backup makes nothing, and', () => {
  const refuses = async (message: RegExp) => {
    await assert.rejects(bring(place.at('backup'), place.at('restored')), message)
    assert.deepEqual(listed(), ['backup', 'data'])
  }

  it('names an image file that is missing, cut short, changed or too many', async () => {
    const file = fileOf(place.at('backup'), image)
    const bytes = readFileSync(file)
    rmSync(file)
    await refuses(/\/backup\.json: it says 2 image files, and there are 1; .*check --data/)
    writeFileSync(file, 'some')
    await refuses(new RegExp(`/backup/images/${image.id}\\.\\w+: it has 4 bytes`))
    writeFileSync(file, 'same bytes')
    await refuses(new RegExp(`/backup/images/${image.id}\\.\\w+: its sha512 is`))
    writeFileSync(file, bytes)
    writeFileSync(`${file}x`, '')
    await refuses(/\.\w+x: no image's row names it/)
  })

  it('names a database that is damaged', async () => {
    const file = place.at('backup', 'afterimage.db')
    const { size } = statSync(file)
    const bytes = readFileSync(file)
    bytes.fill(0xff, size - 3000)
    writeFileSync(file, bytes)
    await refuses(/\/backup\/afterimage\.db is damaged/)
  })

  it('names a folder that is no backup, and one that is newer or damaged itself', async () => {
    const file = place.at('backup', 'backup.json')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('"format": 1', '"format": 2'))
    await refuses(/\/backup was made by a newer Afterimage; restore it with that one/)
    appendFileSync(file, '}')
    await refuses(/\/backup\.json is damaged; use another backup/)
    writeFileSync(file, '[]')
    await refuses(/\/backup\.json is damaged/)
    rmSync(file)
    await refuses(/\/backup is no backup: there is no backup\.json in it/)
  })

  it('refuses a data folder in the backup', async () => {
    await assert.rejects(
      bring(place.at('backup'), place.at('backup', 'data')),
      /are one folder, or one is in the other/,
    )
  })
})
