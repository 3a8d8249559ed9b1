import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { imageOf, OWNER } from './images.ts'

/** More than both generations hold, by their bytes. */
const IMAGES = 600
const TEXT_CHARACTERS = 60_000

test('an image read again is the same object, until it is written or others push it out', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  const properties = new Map([['text', 'x'.repeat(TEXT_CHARACTERS)]])
  await catalogue.putImages(Array.from({ length: IMAGES }, (_, n) => imageOf(n, { properties })))
  const read = (n: number) => catalogue.get(OWNER, imageOf(n).id)
  const first = await read(0)
  assert.equal(await read(0), first)

  const change = { remove: new Set<string>(), set: new Map([['a', 'b']]), propertiesMax: 10 }
  await catalogue.changeProperties(OWNER, first.id, change)
  const changed = await read(0)
  assert.notEqual(changed, first)
  assert.equal(changed.properties.get('a'), 'b')

  const kept: Image[] = []
  for (let n = 0; n < IMAGES; n += 1) kept.push(await read(n))
  assert.equal(await read(IMAGES - 1), kept[IMAGES - 1])
  const again = await read(0)
  assert.notEqual(again, changed, 'the memory is bounded')
  assert.deepEqual(again, changed)
})

test('a large image is read anew each time, and so is one of a list in passing', async () => {
  using database = new Database(':memory:')
  const catalogue = openSqliteCatalogue(database)
  const texts = [0, 1].map((n) => [`text${n}`, 'x'.repeat(TEXT_CHARACTERS)] as const)
  await catalogue.putImages([imageOf(0, { properties: new Map(texts) }), imageOf(1)])
  const read = (n: number) => catalogue.get(OWNER, imageOf(n).id)
  assert.notEqual(await read(0), await read(0))
  assert.deepEqual(await read(0), await read(0))

  const listed: Image[] = []
  const window = { limit: Number.POSITIVE_INFINITY, isPassing: true }
  for await (const batch of catalogue.list(OWNER, {}, window)) listed.push(...batch)
  const passed = listed.find(({ id }) => id === imageOf(1).id)
  assert.deepEqual(passed, await read(1))
  assert.notEqual(passed, await read(1))
})
