import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { verifyCatalogue } from '../../src/catalogue/sqlite/verify.ts'
import { Database } from '../../src/database/database.ts'
import { listed, NOW } from './contract.ts'
import { idOf, imageOf, OWNER } from './images.ts'

const IMAGES = 2000

/** Orders in which images of one and the same second may come. */
const ORDERS: Readonly<Record<string, (i: number) => number>> = {
  'from the least id up': (i) => i,
  'from the greatest id down': (i) => IMAGES - i,
  'from both ends inwards': (i) => (i % 2 === 0 ? i : 2 * IMAGES - i),
  'from the middle outwards': (i) => IMAGES + (i % 2 === 0 ? i : -i),
  'all over': (i) => (i * 7919) % 10_007,
}

for (const [order, number] of Object.entries(ORDERS)) {
  test(`images of one second stand in order of id, coming ${order}`, async () => {
    using database = new Database(':memory:')
    const catalogue = openSqliteCatalogue(database)
    const numbers = Array.from({ length: IMAGES }, (_, i) => number(i))
    for (let start = 0; start < IMAGES; start += 100) {
      const batch = numbers.slice(start, start + 100)
      await catalogue.putImages(batch.map((n) => imageOf(n, { createdAt: NOW })))
    }
    const ids = (await listed(catalogue, OWNER)).map(({ id }) => id)
    assert.deepEqual(ids, [...new Set(numbers)].map(idOf).sort().reverse())
    assert.deepEqual(verifyCatalogue(database), [])
    const after = { createdAt: NOW, id: ids[999] ?? '' }
    const next = await listed(catalogue, OWNER, {}, { limit: 2, after })
    assert.deepEqual(
      next.map(({ id }) => id),
      ids.slice(1000, 1002),
    )
  })
}

test('years before 1970 and after 2106 stand in order too', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  const times = [-62_135_596_800, -1, 0, 1, 1023, 1024, NOW, 2 ** 32, 2 ** 33, 253_402_300_799]
  await catalogue.putImages(times.map((createdAt, n) => imageOf(n * 7, { createdAt })))
  const found = (await listed(catalogue, OWNER)).map(({ createdAt }) => createdAt)
  assert.deepEqual(found, times.toReversed())
})
