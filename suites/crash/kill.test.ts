import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { Administration } from '../../src/identity/local/administration.ts'
import { LocalIdentity } from '../../src/identity/local/local-identity.ts'
import { DOMAIN } from '../../src/identity/token-service.ts'
import { Chance } from '../fuzz/chance.ts'
import { checkFileWhole, checkLists, differences } from './check.ts'
import { runWriter, type Said } from './run-writer.ts'
import { apply, clockOf, type Images, makeWrite, readImages } from './writes.ts'

/**
 * A process that writes is killed at random moments, over and over on the same file. `CRASH_SEED`
 * gives the same writes and kills after the same number of them (the seed is printed; the moment
 * within a write is random). `CRASH_ROUNDS` says how often. A kill does not show a loss of power:
 * `synchronous = FULL` is for that.
 */
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 40)
const WRITES_MAX = 40
const KILL_DELAY_MS_MAX = 12
/** A kill while the file is opened strikes within this; it takes a little longer to open. */
const OPENING_MS_MAX = 40
const OPENINGS_KILLED_PERCENT = 30
const PASSWORD = 'correct horse'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crash-'))
})
after(() => rm(folder, { recursive: true }))

/** What is known to be in the file. */
interface Known {
  images: Images
  readonly tokens: string[]
  tokenRows: number
}

interface Totals {
  acknowledged: number
  inFlight: number
  inFlightKept: number
  signIns: number
  openingsKilled: number
  lists: number
}

async function firstToken(file: string): Promise<string> {
  using database = new Database(file)
  await new Administration(database).addUser({ name: 'writer', password: PASSWORD })
  const user = { name: 'writer', domain: DOMAIN }
  const issued = await new LocalIdentity(database).signIn({
    password: { user, password: PASSWORD },
    scope: { kind: 'unscoped' },
    address: '::1',
  })
  return issued.token
}

/**
 * The file holds every acknowledged write and then, in order, none, some or all of the writes in
 * flight, each whole. @returns how many of those in flight were kept
 */
function matchWrites(images: Images, found: Images, said: Said, round: Round): number {
  const chance = new Chance(round.seed)
  const advance = () => apply(images, makeWrite(chance, images), clockOf(round.number))
  for (let i = 0; i < said.done; i += 1) advance()
  const afterDone = differences(images, found)
  for (let kept = 0; kept <= said.asked - said.done; kept += 1) {
    if (kept > 0) advance()
    if (differences(images, found).length === 0) return kept
  }
  const which = afterDone.slice(0, 10).join(', ')
  assert.fail(`not what was acknowledged, with or without writes in flight: images ${which}`)
}

interface Round {
  readonly number: number
  readonly seed: number
}

async function checkTokens(database: Database, known: Known, said: Said): Promise<void> {
  known.tokens.push(...said.tokens)
  const identity = new LocalIdentity(database)
  for (const token of known.tokens) {
    assert.notEqual(await identity.describe(token), undefined, 'an issued token is not known')
  }
  const row = database.sqlite.prepare('SELECT count(*) AS count FROM token').get()
  const rows = Number(row?.['count'])
  const least = known.tokenRows + said.tokens.length
  assert.ok(rows === least || rows === known.tokenRows + said.signInsAsked, `${rows} tokens`)
  known.tokenRows = rows
}

test(`${ROUNDS} times killed while it writes: what was acknowledged is there, and all agrees`, async (t) => {
  t.diagnostic(`CRASH_SEED=${SEED}`)
  const file = join(folder, 'afterimage.db')
  const token = await firstToken(file)
  const known: Known = { images: new Map(), tokens: [token], tokenRows: 1 }
  const totals: Totals = {
    acknowledged: 0,
    inFlight: 0,
    inFlightKept: 0,
    signIns: 0,
    openingsKilled: 0,
    lists: 0,
  }
  for (let number = 0; number < ROUNDS; number += 1) {
    const round = { number, seed: SEED ^ Math.imul(number + 1, 0x9e3779b1) }
    try {
      await runRound(file, round, known, totals)
    } catch (error) {
      throw new Error(`round ${number} of CRASH_SEED=${SEED}`, { cause: error })
    }
  }
  t.diagnostic(
    `${ROUNDS} rounds: ${totals.acknowledged} writes and ${totals.signIns} sign-ins acknowledged, ` +
      `none lost; ${totals.inFlight} writes in flight, ${totals.inFlightKept} of them kept`,
  )
  t.diagnostic(
    `${totals.openingsKilled} more kills while it opened what a kill had left; ` +
      `${totals.lists} lists compared; ${known.images.size} images at the end`,
  )
  assert.ok(totals.acknowledged >= ROUNDS, 'too few writes to say anything')
  const isTelling = totals.inFlight >= Math.floor(ROUNDS / 10)
  assert.ok(isTelling, 'too few kills struck while a write was in flight')
})

async function runRound(file: string, round: Round, known: Known, totals: Totals): Promise<void> {
  const chance = new Chance(~round.seed)
  const said = await runWriter({
    file,
    seed: round.seed,
    round: round.number,
    token: known.tokens[0] ?? '',
    killAfterWrites: 1 + chance.below(WRITES_MAX),
    killDelayMs: chance.next() * KILL_DELAY_MS_MAX,
  })
  if (chance.is(OPENINGS_KILLED_PERCENT)) {
    const killDelayMs = chance.next() * OPENING_MS_MAX
    await runWriter({ file, seed: 0, round: 0, token: '', killAfterWrites: 0, killDelayMs })
    totals.openingsKilled += 1
  }
  using database = new Database(file)
  checkFileWhole(database)
  const catalogue = openSqliteCatalogue(database)
  const found = await readImages(catalogue)
  totals.inFlightKept += matchWrites(known.images, found, said, round)
  await checkTokens(database, known, said)
  totals.lists += await checkLists(catalogue, found, chance)
  known.images = found
  totals.acknowledged += said.done
  totals.inFlight += said.asked - said.done
  totals.signIns += said.tokens.length
}
