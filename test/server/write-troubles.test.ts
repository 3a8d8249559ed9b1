import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { bootstrap } from '../../src/identity/local/bootstrap.ts'
import { LocalIdentity } from '../../src/identity/local/local-identity.ts'
import type { SignIn, SignInFault } from '../../src/identity/token-service.ts'
import { WriteTroubles } from '../../src/server/write-troubles.ts'
import { imageOf, OWNER } from '../catalogue/images.ts'

const TRY_EVERY_MS = 5
const DEADLINE_MS = 20_000

/** A database that has no room for one page more, until `makeRoom`. */
async function fullDatabase() {
  const database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  await catalogue.create(imageOf(1))
  const users = new LocalIdentity(database)
  await bootstrap(database, { password: 'correct horse', keep: () => undefined })
  const log: { level: string; message: string }[] = []
  const logger = {
    error: (_: unknown, message: string) => log.push({ level: 'error', message }),
    warn: (_: unknown, message: string) => log.push({ level: 'warn', message }),
  } as unknown as ConstructorParameters<typeof WriteTroubles>[0]
  const troubles = new WriteTroubles(logger, () => catalogue.create(imageOf(900)), TRY_EVERY_MS)
  database.watchWrites(troubles)
  const limit = (pages: number) => database.sqlite.exec(`PRAGMA max_page_count = ${pages}`)
  const dispose = () => {
    troubles[Symbol.dispose]()
    database.close()
  }
  const fill = () => limit(1) // SQLite takes the present size for the least
  const makeRoom = () => limit(1_000_000)
  return { catalogue, users, troubles, log, fill, makeRoom, [Symbol.dispose]: dispose }
}

/** More than one page holds. */
const LONG = new Map([['long', 'x'.repeat(60_000)]])

const DEMO: SignIn = {
  password: {
    user: { name: 'demo', domain: { id: 'default' } },
    password: 'correct horse',
  },
  scope: { kind: 'default' },
  address: '127.0.0.1',
}

test('a change that finds no room is refused in words, and nothing of it is kept', async () => {
  using stand = await fullDatabase()
  stand.fill()
  await assert.rejects(stand.catalogue.create(imageOf(2, { properties: LONG })), {
    name: 'CatalogueFault',
    code: 'catalogue.unwritable',
    message: 'The server cannot keep changes at the moment: its disk is full. Try again later.',
  })
  assert.equal(await stand.catalogue.find(imageOf(2).id), undefined)
  assert.equal((await stand.catalogue.get(OWNER, imageOf(1).id)).name, 'image-1')
})

test('the trouble is named until a write is kept, and is logged once', async () => {
  using stand = await fullDatabase()
  assert.equal(stand.troubles.current(), undefined)
  stand.fill()
  const long = { properties: LONG }
  for (let n = 2; n < 12; n += 1) await assert.rejects(stand.catalogue.create(imageOf(n, long)))
  const found = stand.troubles.current()
  assert.equal(found?.trouble.code, 'ENOSPC')
  assert.ok((found?.sinceMs ?? 0) <= Date.now())
  assert.deepEqual(stand.log, [
    {
      level: 'error',
      message: 'writes are not kept, reading goes on: :memory:: the disk is full; make room on it',
    },
  ])
  stand.makeRoom()
  await stand.catalogue.create(imageOf(2, long))
  assert.equal(stand.troubles.current(), undefined)
  assert.equal(stand.log.at(-1)?.message, 'writes are kept again')
})

test('that writes are kept again is noticed without a caller who writes', async () => {
  using stand = await fullDatabase()
  stand.fill()
  await assert.rejects(stand.catalogue.create(imageOf(2, { properties: LONG })))
  stand.makeRoom()
  const deadlineMs = performance.now() + DEADLINE_MS
  while (stand.troubles.current() !== undefined) {
    assert.ok(performance.now() < deadlineMs, 'the trouble stays')
    await sleep(TRY_EVERY_MS)
  }
})

test('who is signed in stays so while nobody can sign in', async () => {
  using stand = await fullDatabase()
  const { token } = await stand.users.signIn(DEMO)
  stand.fill()
  const again: SignIn = { token, scope: { kind: 'default' }, address: '127.0.0.1' }
  const trySignIn = () => stand.users.signIn(again).then(() => undefined)
  // Rows as short as a token's find a place for a while in the pages that are there.
  let fault: unknown
  while (fault === undefined) fault = await trySignIn().catch((error: unknown) => error)
  assert.equal((fault as SignInFault).code, 'service.unwritable')
  assert.equal((await stand.users.authenticate(token))?.mayWrite, true)
})
