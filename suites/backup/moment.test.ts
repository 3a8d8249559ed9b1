import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { copyImages, OPEN_FILES_MAX } from '../../src/backup/copy-images.ts'
import { FileTaker } from '../../src/backup/take-files.ts'
import type { Image } from '../../src/image/image.ts'
import type { Claim } from '../../src/image-data/image-files.ts'
import { back, bring, check, NAMES, Place, Served, WATCH } from '../../test/backup/stand.ts'

/** What is uploaded, deleted and imported while a backup is being made. */

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

/** Lets something happen in the folder before a file is taken. */
class DisturbedTaker extends FileTaker {
  readonly #disturb: (from: string) => Promise<unknown>

  constructor(mayLink: boolean, disturb: (from: string) => Promise<unknown>) {
    super(WATCH, mayLink)
    this.#disturb = disturb
  }

  override async take(from: string, to: string): Promise<void> {
    await this.#disturb(from)
    await super.take(from, to)
  }
}

/** Copies the folder, and checks the copy. @returns the names of its image files */
async function copyDisturbed(
  mayLink: boolean,
  disturb: (from: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const target = place.at('copy')
  mkdirSync(target)
  const taker = new DisturbedTaker(mayLink, disturb)
  const options = { source: served.folder, target, names: NAMES, isStill: false, watch: WATCH }
  await copyImages({ ...options, taker })
  assert.deepEqual((await check(target)).described, [])
  const entries = readdirSync(join(target, 'images'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let isDone = false
  return async () => {
    if (!isDone) {
      isDone = true
      await work()
    }
  }
}

const nameOf = ({ id, checksum }: Image) => `${id}.${checksum}`

for (const mayLink of [true, false]) {
  describe(`a backup that ${mayLink ? 'links' : 'copies'} files while they come and go`, () => {
    it('has no image that was deleted before its moment, taken or not', async () => {
      const images = await Promise.all(['1', '2', '3'].map((bytes) => served.upload(bytes)))
      const [kept, ...gone] = images as [Image, ...Image[]]
      let taken = 0
      const names = await copyDisturbed(mayLink, async () => {
        taken += 1
        if (taken === 2) for (const { id } of gone) await served.remove(id)
      })
      assert.deepEqual(names, [nameOf(kept)])
    })

    it('has every image that came before its moment', async () => {
      const first = await served.upload('first')
      const came: Image[] = []
      const names = await copyDisturbed(
        mayLink,
        once(async () => {
          for (const bytes of ['a', 'b', 'c']) came.push(await served.upload(bytes))
          came.push(await served.stage('staged'))
        }),
      )
      const staged = came.pop() as Image
      assert.deepEqual(names.toSorted(), [...[first, ...came].map(nameOf), staged.id].toSorted())
    })

    it('has the bytes that were staged last under a name', async () => {
      const staged = await served.stage('at first')
      const again = once(async () => {
        const claim = await served.claim(staged.id)
        await served.change(staged.id, { sizeBytes: null })
        await claim.receive(Readable.from([Buffer.from('and then')]), undefined)
        await claim.stage()
        await served.change(staged.id, { sizeBytes: 'and then'.length })
        await claim.release()
      })
      const target = join(place.at('copy'), 'images', 'staged', staged.id)
      const other = await served.upload('other')
      const names = await copyDisturbed(mayLink, async (from) => {
        if (from.endsWith(nameOf(other))) await again()
      })
      assert.deepEqual(names.toSorted(), [staged.id, nameOf(other)].toSorted())
      assert.equal(readFileSync(target, 'utf8'), 'and then')
    })

    for (const isLate of [false, true]) {
      const when = isLate ? 'just before the moment' : 'before its files are taken'
      it(`has an import that has its file and not yet its row, from ${when}, as staged data`, async () => {
        const staged = await served.stage('staged bytes')
        const other = await served.upload('other')
        let claim: Claim | undefined
        const publish = once(async () => {
          claim = await served.claim(staged.id)
          await served.change(staged.id, { status: 'importing' })
          await claim.publish(await claim.takeStaged())
        })
        const names = await copyDisturbed(mayLink, async (from) => {
          if (!isLate || from.endsWith(nameOf(other))) await publish()
        })
        assert.equal(names.length, 2)
        await using restored = await Served.open(place.at('copy'))
        const images = new Map((await restored.images()).map((image) => [image.id, image]))
        assert.equal(images.get(staged.id)?.status, 'uploading')
        assert.equal(images.get(other.id)?.status, 'active')
        const file = place.at('copy', 'images', 'staged', staged.id)
        assert.equal(readFileSync(file, 'utf8'), 'staged bytes')
        await claim?.release()
      })
    }
  })
}

describe('while the moment is fixed', () => {
  it('nobody writes, and later everybody does again', async () => {
    let isTaking = false
    const tries: string[] = []
    class TryingTaker extends DisturbedTaker {
      override async take(from: string, to: string): Promise<void> {
        isTaking = true
        await super.take(from, to)
        isTaking = false
      }

      override takeNow(from: string, to: string) {
        if (!isTaking) tries.push(tryToWrite())
        return super.takeNow(from, to)
      }
    }
    await served.upload('first')
    mkdirSync(place.at('copy'))
    const taker = new TryingTaker(
      true,
      once(() => served.upload('second')),
    )
    const options = { source: served.folder, target: place.at('copy'), names: NAMES }
    await copyImages({ ...options, isStill: false, watch: WATCH, taker })
    assert.deepEqual(tries, ['database is locked'])
    assert.equal(tryToWrite(), 'written')
  })

  function tryToWrite(): string {
    using sqlite = new DatabaseSync(place.at('data', NAMES.database), { timeout: 0 })
    try {
      sqlite.exec('BEGIN IMMEDIATE; ROLLBACK')
      return 'written'
    } catch (error) {
      return (error as Error).message
    }
  }
})

describe('a backup that copies', () => {
  it('takes another pass where more came than it may hold open, and another', async () => {
    await served.put(1)
    let passes = 0
    let last: string | undefined
    const names = await copyDisturbed(false, async (from) => {
      if (passes === 2 || (last !== undefined && !from.endsWith(last))) return
      passes += 1
      const [image] = (await served.put(OPEN_FILES_MAX + 1)) as [Image]
      last = nameOf(image)
    })
    assert.equal(passes, 2)
    assert.equal(names.length, 1 + 2 * (OPEN_FILES_MAX + 1))
  })
})

describe('an image whose data was coming in', () => {
  it('waits for its data where the backup is started', async () => {
    const half = await served.create({ status: 'saving' })
    const halfStaged = await served.create({ status: 'uploading' })
    const claims = await Promise.all([half, halfStaged].map(({ id }) => served.claim(id)))
    for (const claim of claims) await claim.receive(Readable.from([Buffer.from('x')]), undefined)
    const { midway, files } = await back(served.folder, place.at('backup'))
    assert.deepEqual({ midway, files }, { midway: 2, files: 0 })
    assert.equal((await check(served.folder)).midway, 2)
    await bring(place.at('backup'), place.at('restored'))
    for (const claim of claims) await claim.release()
    {
      await using restored = await Served.open(place.at('restored'))
      const statuses = (await restored.images()).map(({ status }) => status)
      assert.deepEqual(statuses, ['queued', 'queued'])
    }
    assert.deepEqual((await check(place.at('restored'))).midway, 0)
  })
})
