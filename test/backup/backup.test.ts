import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { backUp } from '../../src/backup/backup.ts'
import { LedgerFile } from '../../src/ledger/ledger-file.ts'
import { back, check, fileOf, NAMES, Place, Served, WATCH } from './stand.ts'

let place: Place
let served: Served
beforeEach(async () => {
  place = new Place()
  served = await Served.open(place.at('data'))
})
afterEach(async () => {
  await served[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('a backup of a folder that is being served', () => {
  it('holds its images, their data, what is staged, the ledger and other files', async () => {
    const image = await served.upload('some bytes')
    const staged = await served.stage('staged bytes')
    writeFileSync(place.at('data', 'clouds.yaml'), 'clouds: {}\n', { mode: 0o600 })
    using ledger = new LedgerFile(place.at('data', 'callers.db'))
    ledger.add([])
    const written = await back(served.folder, place.at('backup'))
    assert.deepEqual(
      { images: written.images, files: written.files, bytes: written.bytes },
      { images: 2, files: 2, bytes: 'some bytes'.length + 'staged bytes'.length },
    )
    assert.deepEqual(readdirSync(place.at('backup')).toSorted(), [
      ...['afterimage.db', 'backup.json', 'callers.db', 'clouds.yaml', 'images'],
    ])
    assert.equal(readFileSync(fileOf(place.at('backup'), image), 'utf8'), 'some bytes')
    const stagedFile = place.at('backup', 'images', 'staged', staged.id)
    assert.equal(readFileSync(stagedFile, 'utf8'), 'staged bytes')
    assert.equal(readFileSync(place.at('backup', 'clouds.yaml'), 'utf8'), 'clouds: {}\n')
    using copied = new LedgerFile(place.at('backup', 'callers.db'))
    assert.deepEqual(copied.read({}), [])
    assert.deepEqual((await check(place.at('backup'))).described, [])
    assert.deepEqual(readdirSync(place.path).toSorted(), ['backup', 'data'])
  })

  it('is for its owner only', async () => {
    await served.upload('bytes')
    await back(served.folder, place.at('backup'), false)
    const entries = readdirSync(place.at('backup'), { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const mode = modeOf(join(entry.parentPath, entry.name))
      assert.equal(mode, entry.isDirectory() ? 0o700 : 0o600, entry.name)
    }
    assert.equal(modeOf(place.at('backup')), 0o700)
  })

  it('shares the bytes of image files, or copies them where it is told to', async () => {
    const image = await served.upload('bytes')
    const inode = (folder: string) => statSync(fileOf(folder, image)).ino
    const linked = await back(served.folder, place.at('linked'))
    const copied = await back(served.folder, place.at('copied'), false)
    assert.equal(linked.sharesBytes, true)
    assert.equal(inode(place.at('linked')), inode(served.folder))
    assert.equal(copied.sharesBytes, false)
    assert.notEqual(inode(place.at('copied')), inode(served.folder))
    assert.deepEqual((await check(place.at('copied'))).described, [])
  })

  it('keeps what is deleted later', async () => {
    const image = await served.upload('bytes')
    await back(served.folder, place.at('backup'))
    await served.remove(image.id)
    assert.equal(existsSync(fileOf(served.folder, image)), false)
    assert.deepEqual((await check(place.at('backup'))).described, [])
  })

  it('copies the data behind a symbolic link, not the link', async () => {
    const image = await served.create({ status: 'active', checksum: 'a'.repeat(32), sizeBytes: 5 })
    writeFileSync(place.at('elsewhere'), 'bytes')
    symlinkSync(place.at('elsewhere'), fileOf(served.folder, image))
    const options = { source: served.folder, target: place.at('backup'), names: NAMES }
    await backUp({ ...options, mayLink: true, withHashes: false, watch: WATCH })
    assert.equal(readFileSync(fileOf(place.at('backup'), image), 'utf8'), 'bytes')
  })

  it('counts images that never had data here, and has no fault for them', async () => {
    await served.create({ status: 'active', checksum: 'a'.repeat(32), sizeBytes: 10 })
    const { withoutFile } = await back(served.folder, place.at('backup'))
    assert.equal(withoutFile, 1)
    assert.deepEqual((await check(place.at('backup'))).described, [])
  })

  it('leaves out what is no file, and says so', async () => {
    mkdirSync(place.at('data', 'notes'))
    writeFileSync(place.at('data', 'half.part'), '')
    const { leftOut } = await back(served.folder, place.at('backup'))
    assert.deepEqual(leftOut, ['notes'])
    assert.equal(existsSync(place.at('backup', 'half.part')), false)
  })

  it('goes into an empty folder', async () => {
    mkdirSync(place.at('backup'))
    await back(served.folder, place.at('backup'))
    assert.deepEqual((await check(place.at('backup'))).described, [])
  })
})

describe('a backup that cannot be made leaves nothing, and', () => {
  const unchanged = async (work: () => Promise<unknown>, message: RegExp) => {
    const before = readdirSync(place.path, { recursive: true }).toSorted()
    await assert.rejects(work(), ({ message: said }: Error) => {
      assert.match(said, message)
      return true
    })
    assert.deepEqual(readdirSync(place.path, { recursive: true }).toSorted(), before)
  }

  it('refuses a folder that is not empty', async () => {
    mkdirSync(place.at('full'))
    writeFileSync(place.at('full', 'file'), '')
    const target = place.at('full')
    await unchanged(
      () => back(served.folder, target),
      /\/full is there and is not empty; name a new/,
    )
    await unchanged(() => back(served.folder, join(target, 'file')), /where a folder must be/)
    await unchanged(
      () => back(served.folder, place.at('none', 'x')),
      /\/none: there is no such file or/,
    )
  })

  it('refuses a folder in the data folder, also by way of a link', async () => {
    symlinkSync(served.folder, place.at('link'))
    for (const target of [served.folder, place.at('data', 'b'), place.at('link', 'b')]) {
      await unchanged(() => back(served.folder, target), /are one folder, or one is in the other/)
    }
  })

  it('names an image file that is not as its row says', async () => {
    const image = await served.upload('some bytes')
    truncateSync(fileOf(served.folder, image), 3)
    const name = new RegExp(
      `/data/images/${image.id}\\.\\w+: it has 3 bytes, its image's row says 10`,
    )
    await unchanged(() => back(served.folder, place.at('backup')), name)
    writeFileSync(fileOf(served.folder, image), 'same bytes')
    await unchanged(() => back(served.folder, place.at('backup')), /its sha512 is /)
  })

  it('ends when it is told to', async () => {
    await served.upload('some bytes')
    for (const step of [0, 1, 2, 3, 4]) {
      const stop = new AbortController()
      let shown = 0
      const show = () => {
        if (shown === step) stop.abort()
        shown += 1
      }
      const options = { source: served.folder, target: place.at('backup'), names: NAMES }
      const watch = { signal: stop.signal, show }
      const work = () => backUp({ ...options, mayLink: false, withHashes: true, watch })
      await unchanged(work, /abort/i)
    }
  })
})

describe('a database that is no catalogue', () => {
  it('is refused by its name', async () => {
    using other = new Place()
    writeFileSync(other.at('afterimage.db'), 'x'.repeat(5000))
    await assert.rejects(back(other.path, place.at('backup')), /afterimage\.db is damaged/)
    writeFileSync(other.at('afterimage.db'), '')
    await assert.rejects(
      back(other.path, place.at('backup')),
      /afterimage\.db is an empty database/,
    )
    assert.deepEqual(readdirSync(place.path), ['data'])
  })
})
