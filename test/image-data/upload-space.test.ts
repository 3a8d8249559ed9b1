import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ProcessPresence } from '../../src/database/presence.ts'
import { ImageFolder } from '../../src/image-data/data-folder.ts'
import { until } from '../api/image/data-stand.ts'
import { makeImage } from '../server/stand.ts'

/** What two processes may take together; sizes are shares of what is free, which others may change. */

const UPLOADS_MAX = 3
const LIMITS = { sizeBytesMax: Number.MAX_SAFE_INTEGER, freeBytesMin: 0, uploadsMax: UPLOADS_MAX }

interface Process {
  readonly presence: ProcessPresence
  readonly files: ImageFolder
}

let folder = ''
let one: Process
let two: Process

async function open(): Promise<Process> {
  const presence = new ProcessPresence(join(folder, 'processes'))
  return { presence, files: await ImageFolder.open(join(folder, 'images'), presence, LIMITS) }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-space-'))
  one = await open()
  two = await open()
})
afterEach(async () => {
  for (const { presence, files } of [one, two]) {
    files.leave()
    presence.close()
  }
  await rm(folder, { recursive: true })
})

let made = 0
function newId(): string {
  made += 1
  return makeImage(made).id
}

function shareOfFree(share: number): number {
  const { bavail, bsize } = statfsSync(folder)
  return Math.floor(share * bavail * bsize)
}

/** An upload whose first byte is asked for once it may go on; it ends when it is told to. */
async function begin({ files }: Process, announcedBytes: number | undefined) {
  const claim = await files.claim(newId())
  const asked = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  async function* body(): AsyncGenerator<Uint8Array> {
    asked.resolve()
    await told.promise
    yield Buffer.from('data')
  }
  const received = claim.receive(body(), announcedBytes)
  const ended = received.finally(() => claim.release())
  ended.catch(() => undefined)
  await Promise.race([asked.promise, ended])
  const end = async () => {
    told.resolve()
    await ended
  }
  return { end }
}

describe('the space that uploads may take', () => {
  it('is shared by those of all processes', async () => {
    const { end } = await begin(one, shareOfFree(0.6))
    await assert.rejects(begin(two, shareOfFree(0.6)), { code: 'data.no_space' })
    await assert.rejects(begin(one, shareOfFree(0.6)), { code: 'data.no_space' })
    const small = await begin(two, shareOfFree(0.2))
    await end()
    await (await begin(two, shareOfFree(0.6))).end()
    await small.end()
  })

  it('is free again when the process that was to fill it has died', async () => {
    await begin(one, shareOfFree(0.6))
    await assert.rejects(begin(two, shareOfFree(0.6)), { code: 'data.no_space' })
    one.presence.close()
    await (await begin(two, shareOfFree(0.6))).end()
  })

  it('is granted bit by bit to an upload that does not say its length', async () => {
    const first = await begin(one, undefined)
    await (await begin(two, shareOfFree(0.6))).end()
    await first.end()
  })
})

describe('the number of uploads at once', () => {
  it('counts those of all processes, until they end or their process dies', async () => {
    const uploads = [await begin(one, 4), await begin(two, 4), await begin(one, undefined)]
    assert.equal(uploads.length, UPLOADS_MAX)
    for (const process of [one, two]) {
      await assert.rejects(begin(process, 4), { code: 'data.too_many' })
    }
    await uploads[1]?.end()
    await begin(two, 4)
    await assert.rejects(begin(two, 4), { code: 'data.too_many' })
    one.presence.close()
    await (await begin(two, 4)).end()
  })

  it('holds up no deletion', async () => {
    for (let i = 0; i < UPLOADS_MAX; i += 1) await begin(one, 4)
    const file = { id: newId(), checksum: undefined }
    await writeFile(join(folder, 'images', 'staged', file.id), 'data')
    assert.ok(await two.files.free(file, async () => false))
  })

  it('counts an import while it reads what was staged', async () => {
    const id = newId()
    const staging = await one.files.claim(id)
    await staging.receive((async function* () {})(), 0)
    await staging.stage()
    await staging.release()
    for (let i = 1; i < UPLOADS_MAX; i += 1) await begin(one, 4)
    const claim = await one.files.claim(id)
    await assert.rejects(begin(two, 4), { code: 'data.too_many' })
    await claim.takeStaged()
    await until(async () => (await begin(two, 4).catch(() => undefined)) !== undefined)
    await claim.release()
  })
})
