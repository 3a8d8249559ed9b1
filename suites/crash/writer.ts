import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { LocalIdentity } from '../../src/identity/local/local-identity.ts'
import { Chance } from '../fuzz/chance.ts'
import { apply, carryOut, clockOf, makeWrite, readImages } from './writes.ts'

/**
 * Writes until it is killed: `node writer.ts FILE SEED ROUND TOKEN`. On stdout, which takes each
 * line at once: `opening`, then `asked N` before write N is asked for and `done N` after its promise
 * resolved; `signing-in` and `signed-in TOKEN` likewise. Without TOKEN it opens the file, no more.
 */

const SIGN_IN_PAUSE_MS = 4
const UNTIL_KILLED_MS = 60_000
/** So low that a copy of the WAL into the file, too, is met by kills. */
const FEW_CHECKPOINT_PAGES = 40

const [file = '', seed = '', round = '', token = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

say('opening')
const chance = new Chance(Number(seed))
const now = clockOf(Number(round))
const database = new Database(file)
const catalogue = openSqliteCatalogue(database, { now: () => now })
const identity = new LocalIdentity(database)
if (Number(round) % 2 === 1) {
  database.sqlite.exec(`PRAGMA wal_autocheckpoint = ${FEW_CHECKPOINT_PAGES}`)
}
const images = await readImages(catalogue)
let next = 0

async function write(): Promise<never> {
  for (;;) {
    const number = next
    next += 1
    const made = makeWrite(chance, images)
    apply(images, made, now)
    say(`asked ${number}`)
    await carryOut(catalogue, made)
    say(`done ${number}`)
    await nextTurn()
  }
}

async function signIn(): Promise<never> {
  for (;;) {
    say('signing-in')
    const issued = await identity.signIn({ token, scope: { kind: 'unscoped' }, address: '::1' })
    say(`signed-in ${issued.token}`)
    await sleep(SIGN_IN_PAUSE_MS)
  }
}

if (token === '') await sleep(UNTIL_KILLED_MS)
const atOnce = 1 + (Number(round) % 3)
await Promise.all([signIn(), ...Array.from({ length: atOnce }, write)])
