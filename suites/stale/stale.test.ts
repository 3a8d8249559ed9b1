import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Reader, type Tally } from './readers.ts'
import { World } from './world.ts'
import { importAgain, shareOf, Writer } from './writers.ts'

const SEED = Number(process.env['STALE_SEED'] ?? Date.now() % 1_000_000)
const ANSWERS = Number(process.env['STALE_ANSWERS'] ?? 20_000)
const WRITERS = 5
const READERS_OF_EACH = 4

const dir = mkdtempSync(join(tmpdir(), 'afterimage-stale-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test("no answer of several processes is older than its request, or another caller's", async (t) => {
  t.diagnostic(`STALE_SEED=${SEED}`)
  await using world = await World.open(join(dir, 'data'), SEED)
  const tally: Tally = { answers: 0, unchanged: 0, images: 0 }
  let isEnded = false
  const isOver = () => isEnded || tally.answers >= ANSWERS
  const writers = Array.from({ length: WRITERS }, () => new Writer(world))
  const readers = Object.values(world.askers).flatMap((asker) =>
    Array.from({ length: READERS_OF_EACH }, () => new Reader(world, asker)),
  )
  const imports = importAgain(world, isOver)
  const all = [
    imports,
    ...writers.map((writer) => writer.run(isOver, shareOf(WRITERS))),
    ...readers.map((reader) => reader.run(isOver, tally)),
  ]
  try {
    await Promise.all(all)
  } finally {
    isEnded = true
    await Promise.allSettled(all)
  }
  const writes = writers.reduce((sum, writer) => sum + writer.writes, 0)
  t.diagnostic(
    `${tally.answers} answers with ${tally.images} images, ${tally.unchanged} of them 304; ` +
      `${writes} writes and ${await imports} imports`,
  )
  assert.ok(tally.unchanged > 0 && writes > 0 && (await imports) > 0)
})
