import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { RunningServer } from '../image-data/run-server.ts'
import { done } from './command.ts'
import { type Life, Load } from './load.ts'

/**
 * Backups of a folder while images are stored, imported and deleted in it: every one has no fault,
 * is of one moment, and makes a folder whose images have the bytes that were sent.
 */
const SEED = Number(process.env['BACKUP_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env['BACKUP_ROUNDS'] ?? 10)
const CALLERS = 4
/** Another file system, where there is one: image files cannot be linked to it. */
const SHARED_MEMORY = '/dev/shm'

let folder = ''
let other = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-load-'))
  const isThere = existsSync(SHARED_MEMORY) && statSync(SHARED_MEMORY).dev !== statSync(folder).dev
  other = isThere ? mkdtempSync(join(SHARED_MEMORY, 'backup-load-')) : folder
})
after(async () => {
  await rm(folder, { recursive: true })
  rmSync(other, { recursive: true, force: true })
})

interface Ways {
  readonly target: string
  readonly flags: readonly string[]
}

/** Links, copies because it is told to, and copies because it has to. */
function waysOf(round: number): Ways {
  const ways: readonly Ways[] = [
    { target: join(folder, `backup-${round}`), flags: [] },
    { target: join(folder, `backup-${round}`), flags: ['--copy'] },
    { target: join(other, `backup-${round}`), flags: [] },
  ]
  return ways[round % ways.length] as Ways
}

interface Totals {
  active: number
  staged: number
  queued: number
  deletedMeanwhile: number
  storedMeanwhile: number
}

async function imagesIn(data: string): Promise<ReadonlyMap<string, Image>> {
  using database = new Database(join(data, 'afterimage.db'))
  const batches = await Array.fromAsync(openSqliteCatalogue(database).exportImages())
  return new Map(batches.flat().map((image) => [image.id, image]))
}

/** Compares a restored folder, which a server has started on, with what was sent. */
async function compare(
  data: string,
  lives: ReadonlyMap<string, Life>,
  [begunAt, endedAt]: readonly [number, number],
  totals: Totals,
): Promise<void> {
  const images = await imagesIn(data)
  const files = new Set(await readdir(join(data, 'images')))
  for (const image of images.values()) {
    const { id, status, checksum } = image
    const life = lives.get(id)
    if (status === 'queued') {
      // A caller may be between its two requests.
      totals.queued += 1
      continue
    }
    assert.ok(status === 'active' || status === 'uploading', `${id} is ${status}`)
    const name = status === 'active' ? `${id}.${checksum}` : join('staged', id)
    const bytes = await readFile(join(data, 'images', name))
    const sha512 = createHash('sha512').update(bytes).digest('hex')
    assert.equal(sha512, life?.sha512, `${id} has other bytes`)
    files.delete(name)
    totals[status === 'active' ? 'active' : 'staged'] += 1
  }
  assert.deepEqual([...files].toSorted(), ['incoming', 'staged'])
  for (const [
    id,
    { storedAt = Infinity, deletionAskedAt = Infinity, deletionAnsweredAt = Infinity },
  ] of lives) {
    const image = images.get(id)
    if (deletionAnsweredAt < begunAt) assert.equal(image, undefined, `${id} was deleted before`)
    if (storedAt < begunAt && deletionAskedAt > endedAt) {
      assert.ok(image !== undefined && image.status !== 'queued', `${id} was stored before`)
    }
    if (deletionAskedAt > begunAt && deletionAnsweredAt < endedAt) totals.deletedMeanwhile += 1
    if (storedAt > begunAt && storedAt < endedAt) totals.storedMeanwhile += 1
  }
}

test(`${ROUNDS} backups while data comes and goes are whole, and restore every byte`, async (t) => {
  t.diagnostic(`BACKUP_SEED=${SEED}`)
  if (other === folder) t.diagnostic('there is no second file system here: none is copied to')
  const data = join(folder, 'data')
  const totals = { active: 0, staged: 0, queued: 0, deletedMeanwhile: 0, storedMeanwhile: 0 }
  mkdirSync(data, { mode: 0o700 })
  await using server = await RunningServer.start(data)
  const load = new Load(server.port, SEED, CALLERS)
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { target, flags } = waysOf(round)
      const begunAt = load.now()
      await done('backup', target, '--data', data, ...flags)
      const moments = [begunAt, load.now()] as const
      await done('check', '--data', target, '--data-hashes')
      await done('check', '--data', data, '--data-hashes')
      const restored = join(folder, `restored-${round}`)
      await done('restore', target, '--data', restored, '--data-hashes', ...flags)
      {
        await using _ = await RunningServer.start(restored)
        await compare(restored, load.lives, moments, totals)
      }
      await done('check', '--data', target, '--data-hashes')
      for (const path of [target, restored]) await rm(path, { recursive: true })
    }
  } finally {
    await load.stop()
  }
  t.diagnostic(JSON.stringify(totals))
  assert.ok(totals.active > 0 && totals.staged > 0)
  assert.ok(totals.deletedMeanwhile > ROUNDS && totals.storedMeanwhile > ROUNDS, 'too little load')
  assert.deepEqual((await readdir(folder)).toSorted(), ['data'])
})
