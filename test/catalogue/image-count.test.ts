import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ImageCount } from '../../src/catalogue/sqlite/image-count.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { idOf, imageOf } from './images.ts'

const IMAGES = 25

for (const [how, readAtOnceMs] of [
  ['at once', Number.POSITIVE_INFINITY],
  ['in turns', -1],
] as const) {
  for (const slice of [1, 7, IMAGES, 1000]) {
    test(`images are counted ${how}, ${slice} in one go, and anew after a write`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'afterimage-count-'))
      using database = new Database(join(folder, 'a.db'), { readAtOnceMs })
      const catalogue = openSqliteCatalogue(database)
      const count = new ImageCount(database, slice)
      assert.equal(await count.images(), 0)
      const images = Array.from({ length: IMAGES }, (_, n) => imageOf(n))
      await catalogue.putImages(images)
      assert.equal(await count.images(), IMAGES)
      assert.equal(await count.images(), IMAGES)
      await catalogue.remove(idOf(3), () => undefined)
      assert.equal(await count.images(), IMAGES - 1)
      rmSync(folder, { recursive: true, force: true })
    })
  }
}
