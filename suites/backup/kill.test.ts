import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '../fuzz/chance.ts'
import { RunningServer } from '../image-data/run-server.ts'
import { afterimage, done } from './command.ts'
import { Load } from './load.ts'

/** A backup and a restore that are killed at random moments leave a whole folder, or none. */
const SEED = Number(process.env['BACKUP_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env['BACKUP_ROUNDS'] ?? 16)
const CALLERS = 2
/** About as long as a restore by hard links writes. */
const REPLACE_MS_MAX = 300
/** Images that there are before the first kill: enough to strike in the midst of them. */
const IMAGES_MIN = 40

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-kill-'))
})
after(() => rm(folder, { recursive: true }))

interface Totals {
  killed: number
  midway: number
  whole: number
}

const parts = async () => (await readdir(folder)).filter((name) => name.endsWith('.part'))

/** Those with more than a lock: one that a process was killed over at once has no lock either. */
const filledParts = async () =>
  (await parts()).filter((name) => existsSync(join(folder, name, 'images')))

/** Resolves when the command has begun to write, or has ended. */
async function begun(known: readonly string[], ended: AbortSignal): Promise<void> {
  while (!ended.aborted && (await parts()).every((name) => known.includes(name))) await sleep(1)
}

/** Runs it, and kills it so long after it has begun to write. */
async function killed(args: readonly string[], delayMs: number): Promise<boolean> {
  const known = await parts()
  const { code } = await afterimage(args, async (ended) => {
    await begun(known, ended)
    await sleep(delayMs)
  })
  return code === null
}

/** How long it writes when nobody kills it. */
async function writingMs(args: readonly string[]): Promise<number> {
  let begunMs = 0
  const known = await parts()
  const { code, stderr } = await afterimage(args, async (ended) => {
    await begun(known, ended)
    begunMs = performance.now()
    await new Promise((resolve) => ended.addEventListener('abort', resolve))
  })
  assert.equal(code, 0, stderr)
  return performance.now() - begunMs
}

/** Kills the command at random moments of its work; what it makes is whole each time, or not there. */
async function killOverAndOver(
  chance: Chance,
  target: string,
  args: readonly string[],
): Promise<Totals> {
  const durationMs = await writingMs(args)
  await rm(target, { recursive: true })
  const totals = { killed: 0, midway: 0, whole: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    if (await killed(args, chance.next() * durationMs)) totals.killed += 1
    const left = await filledParts()
    if (left.length > 0) totals.midway += 1
    assert.ok(left.length <= 1, `what earlier ones left is still there: ${left}`)
    if (existsSync(target)) {
      totals.whole += 1
      await done('check', '--data', target, '--data-hashes')
      await rm(target, { recursive: true })
    }
  }
  await done(...args)
  await done('check', '--data', target, '--data-hashes')
  assert.deepEqual(await filledParts(), [], 'the next one takes away what the killed one left')
  assert.ok(totals.midway >= ROUNDS / 4, `few were struck midway: ${JSON.stringify(totals)}`)
  return totals
}

describe(`${ROUNDS} kills`, () => {
  const chance = new Chance(SEED)
  const [data, backup, restored] = ['data', 'backup', 'restored'] as const

  it('of backups leave whole backups or none, and the folder as it was', async (t) => {
    t.diagnostic(`BACKUP_SEED=${SEED}`)
    mkdirSync(join(folder, data), { mode: 0o700 })
    await using server = await RunningServer.start(join(folder, data))
    const load = new Load(server.port, SEED, CALLERS)
    try {
      await load.until(IMAGES_MIN)
      const target = join(folder, backup)
      const args = ['backup', target, '--data', join(folder, data), '--copy']
      t.diagnostic(JSON.stringify(await killOverAndOver(chance, target, args)))
      await done('check', '--data', join(folder, data), '--data-hashes')
    } finally {
      await load.stop()
    }
  })

  it('of restores leave whole folders or none, and the backup as it was', async (t) => {
    const target = join(folder, restored)
    const args = ['restore', join(folder, backup), '--data', target, '--copy']
    t.diagnostic(JSON.stringify(await killOverAndOver(chance, target, args)))
    await done('check', '--data', join(folder, backup), '--data-hashes')
  })

  it('of restores that replace leave the one folder or the other, whole', async (t) => {
    const target = join(folder, restored)
    const args = ['restore', join(folder, backup), '--data', target]
    let between = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      await killed([...args, '--replace'], chance.next() * REPLACE_MS_MAX)
      const aside = (await readdir(folder)).filter((name) => name.includes('.before-'))
      const there = [...(existsSync(target) ? [restored] : []), ...aside]
      assert.ok(there.length > 0, 'one of the two is there')
      for (const name of there) await done('check', '--data', join(folder, name), '--data-hashes')
      if (!existsSync(target)) {
        between += 1
        await done(...args)
      }
      for (const name of aside) await rm(join(folder, name), { recursive: true })
    }
    t.diagnostic(`${between} were struck between the two renames`)
    await done('check', '--data', target, '--data-hashes')
  })
})
