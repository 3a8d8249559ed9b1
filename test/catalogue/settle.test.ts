import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { imageOf, OWNER } from './images.ts'

const WRITES = 40

function segments(database: Database): number {
  const sql = 'SELECT count(DISTINCT segid) AS segments FROM postings_idx'
  return Number(database.prepare(sql).get()?.['segments'])
}

test('settling joins what many writes left behind, and changes no list', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  for (let n = 0; n < WRITES; n += 1) await catalogue.putImages([imageOf(n), imageOf(WRITES + n)])
  await catalogue.delete(OWNER, imageOf(7).id)
  const list = () => Array.fromAsync(catalogue.list(OWNER, { name: 'image-9' }, { limit: 10 }))
  const all = () => Array.fromAsync(catalogue.list(OWNER, {}, { limit: 1000 }))
  const before = [await list(), await all()]
  assert.ok(segments(database) > 1)
  await catalogue.settle()
  assert.equal(segments(database), 1)
  assert.deepEqual([await list(), await all()], before)
  assert.equal(before[1]?.[0]?.length, 2 * WRITES - 1)
})

test('settling an empty catalogue, or a settled one, does nothing', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  await catalogue.settle()
  await catalogue.putImages([imageOf(1)])
  await catalogue.settle()
  await catalogue.settle()
  assert.equal(segments(database), 1)
})
