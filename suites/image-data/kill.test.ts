import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { Chance } from '../fuzz/chance.ts'
import { create, importStaged, request, send } from './client.ts'
import { RunningServer } from './run-server.ts'

/**
 * A server that stores and deletes image data is killed at random moments, over and over on the
 * same folder; after each next start rows and files must agree. `DATA_KILL_SEED` gives the same
 * work and moments again, as far as the machine's own pace allows.
 */
const SEED = Number(process.env['DATA_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env['DATA_KILL_ROUNDS'] ?? 80)
/** When the server of a round is killed: this long after this many acknowledged writes. */
const KILL_DELAY_MS_MAX = 80
const WRITES_MAX = 12
const WORKERS = 4
const BYTES_MAX = 3_000_000
const IMAGES_MAX = 40

/** The known state of an image: 'unsure' after a write that was not acknowledged. */
type Known = { readonly is: 'unsure' | 'gone' } | { readonly is: 'active' | 'staged'; md5: string }

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-data-kill-'))
})
after(() => rm(folder, { recursive: true }))

const noise = Buffer.alloc(BYTES_MAX)
for (let i = 0; i < noise.length; i += 4) noise.writeInt32LE(Math.imul(i + SEED, 0x9e3779b1), i)

function bytesOf(chance: Chance): Uint8Array<ArrayBuffer> {
  const length = chance.is(40) ? chance.below(1000) : chance.below(BYTES_MAX)
  return new Uint8Array(noise.buffer, chance.below(BYTES_MAX - length), length)
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

/** Works until the connection fails, which is when the server has been killed. */
async function work(
  port: number,
  chance: Chance,
  known: Map<string, Known>,
  onWritten: () => void,
): Promise<never> {
  for (;;) {
    const whole = [...known].filter(([, { is }]) => is === 'active' || is === 'staged')
    const [doomed] = whole[chance.below(whole.length)] ?? []
    if (doomed !== undefined && (whole.length > IMAGES_MAX || chance.is(20))) {
      known.set(doomed, { is: 'unsure' })
      const { status } = await request(port, 'DELETE', `/${doomed}`)
      assert.equal(status, 204)
      known.set(doomed, { is: 'gone' })
      onWritten()
      continue
    }
    const id = await create(port)
    const bytes = bytesOf(chance)
    const isStaged = chance.is(40)
    known.set(id, { is: 'unsure' })
    assert.equal(await send(port, id, isStaged ? 'stage' : 'file', bytes), 204)
    known.set(id, { is: isStaged ? 'staged' : 'active', md5: md5Of(bytes) })
    onWritten()
    if (!isStaged || chance.is(30)) continue
    // Another worker may have deleted it by now.
    assert.ok([202, 404].includes(await importStaged(port, id)))
  }
}

interface Totals {
  active: number
  staged: number
  queued: number
  midway: number
}

const PUBLISHED = /^([0-9a-f-]{36})\.([0-9a-f]{32})$/

/** Checks rows and files against each other and against the acknowledged writes. */
async function check(known: Map<string, Known>, totals: Totals): Promise<void> {
  using database = new Database(join(folder, 'afterimage.db'))
  const images = new Map<string, Image>()
  for await (const batch of openSqliteCatalogue(database).exportImages()) {
    for (const image of batch) images.set(image.id, image)
  }
  const root = join(folder, 'images')
  const names = (await readdir(root)).filter((name) => name !== 'incoming' && name !== 'staged')
  const staged = new Set(await readdir(join(root, 'staged')))
  for (const name of names) {
    const [, id = '', md5] = PUBLISHED.exec(name) ?? []
    assert.equal(images.get(id)?.checksum, md5, `${name} is a file without its row`)
  }
  const files = new Set(names)
  for (const { id, status, checksum } of images.values()) {
    assert.ok(['active', 'queued', 'uploading'].includes(status), `${id} is ${status}`)
    if (status === 'active') {
      const name = `${id}.${checksum}`
      assert.ok(files.has(name), `${id} is a row without its file`)
      assert.equal(await md5OfFile(join(root, name)), checksum, `${id} has other bytes`)
      totals.active += 1
    }
    assert.equal(staged.delete(id), status === 'uploading', `${id} is ${status}`)
    totals[status === 'uploading' ? 'staged' : 'queued'] += status === 'active' ? 0 : 1
  }
  assert.deepEqual([...staged], [], 'staged files without a row')
  const owners = await readdir(join(root, 'incoming'))
  assert.equal(owners.length, 1, 'only the new server may receive')
  assert.deepEqual(await readdir(join(root, 'incoming', owners[0] ?? '')), [])
  for (const [id, was] of known) checkKnown(was, id, images.get(id))
  forget(known, images)
}

function checkKnown(was: Known, id: string, image: Image | undefined): void {
  if (was.is === 'gone') assert.equal(image, undefined, `${id} was deleted`)
  if (was.is === 'active') assert.equal(image?.checksum, was.md5, `${id} was acknowledged`)
  if (was.is === 'staged' && image?.status !== 'uploading') {
    assert.equal(image?.checksum, was.md5, `${id} was staged`)
  }
}

async function md5OfFile(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return hash.digest('hex')
}

/** Starts the next round from what is there. */
function forget(known: Map<string, Known>, images: ReadonlyMap<string, Image>): void {
  for (const [id, was] of known) {
    const image = images.get(id)
    if (image === undefined) known.delete(id)
    else if (image.status === 'active') known.set(id, { is: 'active', md5: `${image.checksum}` })
    else if (was.is !== 'staged') known.set(id, { is: 'unsure' })
  }
}

/** What the kill left unfinished, counted before the next start repairs it. */
async function countMidway(): Promise<number> {
  const incoming = join(folder, 'images', 'incoming')
  const owners = await readdir(incoming)
  const claims = await Promise.all(owners.map((owner) => readdir(join(incoming, owner))))
  return claims.flat().length
}

test(`${ROUNDS} times killed while data comes and goes: rows and files agree after the next start`, async (t) => {
  t.diagnostic(`DATA_KILL_SEED=${SEED}`)
  const chance = new Chance(SEED)
  const known = new Map<string, Known>()
  const totals: Totals = { active: 0, staged: 0, queued: 0, midway: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await RunningServer.start(folder)
    try {
      await check(known, totals)
      const seeds = chance.times(WORKERS, () => chance.below(2 ** 31))
      const due = Promise.withResolvers<void>()
      let left = chance.below(WRITES_MAX)
      const onWritten = () => {
        left -= 1
        if (left <= 0) due.resolve()
      }
      if (left === 0) due.resolve()
      const works = seeds.map((seed) => work(server.port, new Chance(seed), known, onWritten))
      await Promise.race([due.promise, ...works])
      await sleep(chance.next() * KILL_DELAY_MS_MAX)
      await server.kill()
      const failed = (await Promise.allSettled(works)).map((end) =>
        end.status === 'rejected' ? end.reason : undefined,
      )
      for (const reason of failed) if (reason instanceof assert.AssertionError) throw reason
    } catch (error) {
      await server.kill()
      throw new Error(`round ${round} of DATA_KILL_SEED=${SEED}`, { cause: error })
    }
    totals.midway += await countMidway()
  }
  await using _last = await RunningServer.start(folder)
  await check(known, totals)
  t.diagnostic(
    `${ROUNDS} kills, ${totals.midway} uploads and imports struck midway; seen after starts: ` +
      `${totals.active} active, ${totals.staged} staged, ${totals.queued} queued images`,
  )
  assert.ok(totals.midway >= ROUNDS / 4, 'too few kills struck while data came')
  assert.ok(totals.active > 0 && totals.staged > 0 && totals.queued > 0)
})
