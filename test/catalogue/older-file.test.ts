import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { verifyCatalogue } from '../../src/catalogue/sqlite/verify.ts'
import { Database } from '../../src/database/database.ts'
import type { ImageSearch } from '../../src/image/search.ts'
import { listed } from './contract.ts'
import { idOf, imageOf, memberOf, OTHER, OWNER } from './images.ts'

/** A file of version 2, written by the code of then, which posted fewer words. */
const VERSION_2 = new URL('files/version-2.sqlite.gz', import.meta.url)
/** What it holds. */
const IMAGES = [
  imageOf(1, { name: 'private', tags: ['a', 'b'], properties: new Map([['os', 'linux']]) }),
  imageOf(2, { name: 'public', visibility: 'public', isProtected: true }),
  imageOf(3, { name: 'community', visibility: 'community' }),
  imageOf(4, { name: 'shared', visibility: 'shared', members: [memberOf('other', 'accepted')] }),
  imageOf(5, { name: 'hidden', isHidden: true }),
]
const PLAIN: ImageSearch = {
  memberStatus: 'accepted',
  isHidden: false,
  sort: [
    { field: 'created_at', direction: 'desc' },
    { field: 'id', direction: 'desc' },
  ],
}
const ids = (...numbers: readonly number[]) => numbers.map(idOf)

function olderFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-older-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'older.sqlite')
  writeFileSync(file, gunzipSync(readFileSync(VERSION_2)))
  return file
}

test('bringing an older file up to date tells how far it is, and a newer one tells nothing', (t) => {
  using database = new Database(olderFile(t))
  const told: (readonly number[])[] = []
  const onRenewing = (imagesDone: number, images: number) => told.push([imagesDone, images])
  openSqliteCatalogue(database, { onRenewing })
  openSqliteCatalogue(database, { onRenewing })
  assert.deepEqual(told, [[IMAGES.length, IMAGES.length]])
})

test('a file that an earlier version wrote answers every list and search', async (t) => {
  using database = new Database(olderFile(t))
  const catalogue = openSqliteCatalogue(database)
  assert.deepEqual(verifyCatalogue(database), [])
  for (const image of IMAGES) assert.deepEqual(await catalogue.find(image.id), image)
  const list = async (...asked: Parameters<typeof listed>) =>
    (await listed(...asked)).map(({ id }) => id)
  assert.deepEqual(await list(catalogue, OWNER), ids(4, 3, 2, 1))
  assert.deepEqual(await list(catalogue, OTHER), ids(4, 2))
  assert.deepEqual(await list(catalogue, OWNER, { name: 'shared' }), ids(4))
  const properties = new Map([['os', 'linux']])
  const searches: readonly (readonly [Partial<ImageSearch>, readonly string[]])[] = [
    [{ tags: ['a', 'b'] }, ids(1)],
    [{ isProtected: true }, ids(2)],
    [{ visibility: 'community' }, ids(3)],
    [{ isHidden: true }, ids(5)],
    [{ properties }, ids(1)],
  ]
  for (const [search, expected] of searches) {
    const asked: ImageSearch = { ...PLAIN, ...search }
    const { images } = await catalogue.search(OWNER, asked, { limit: 10 })
    assert.deepEqual(
      images.map(({ id }) => id),
      expected,
      JSON.stringify(search),
    )
  }
})

test('it is brought up to date once, whoever opens it first', (t) => {
  const file = olderFile(t)
  using one = new Database(file)
  using other = new Database(file)
  openSqliteCatalogue(one)
  const before = one.version()
  openSqliteCatalogue(other)
  openSqliteCatalogue(one)
  assert.equal(one.version(), before)
  assert.deepEqual(verifyCatalogue(other), [])
})
