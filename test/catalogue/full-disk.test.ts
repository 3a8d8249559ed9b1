import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { verifyCatalogue } from '../../src/catalogue/sqlite/verify.ts'
import { Database } from '../../src/database/database.ts'
import { listed, NOW } from './contract.ts'
import { idOf, imageOf, OWNER } from './images.ts'

const PROPERTIES = new Map(Array.from({ length: 100 }, (_, i) => [`key ${i}`, `${i}`]))
const change = (value: string) => ({
  remove: new Set<string>(),
  set: new Map([['k', value]]),
  propertiesMax: 128,
})

test('a write that finds no room is undone, and the next one that finds some is kept', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database, { now: () => NOW })
  const images = Array.from({ length: 50 }, (_, n) => imageOf(n))
  await catalogue.putImages(images)
  const room = database.prepare('PRAGMA page_count').get()
  let refused = 0
  for (let pages = 0; pages < 60; pages += 1) {
    database.sqlite.exec(`PRAGMA max_page_count = ${Number(room?.['page_count']) + pages}`)
    const more = Array.from({ length: 40 }, (_, n) =>
      imageOf(1000 + n, { owner: `p${n}`, properties: PROPERTIES }),
    )
    await catalogue.putImages(more).then(
      () => assert.ok(refused > 10, `only ${refused} were refused`),
      (error: Error) => {
        assert.match(error.message, /full/)
        refused += 1
      },
    )
    assert.deepEqual(verifyCatalogue(database), [])
  }
  await catalogue.changeProperties(OWNER, idOf(1), change('v'))
  await catalogue.delete(OWNER, idOf(2))
  await catalogue.changeProperties(OWNER, idOf(1), change('w'))
  assert.equal((await listed(catalogue, OWNER)).length, 49)
  assert.deepEqual(verifyCatalogue(database), [])
})
