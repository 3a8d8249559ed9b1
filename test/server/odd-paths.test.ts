import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ImageStore } from '../../src/catalogue/catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { readDocument } from '../../src/image/document.ts'
import type { Image } from '../../src/image/image.ts'
import { DATABASE_FILE, type Running } from '../../src/server/serve.ts'
import {
  computeWrites,
  everyMethod,
  imageWrites,
  oddPaths,
  sendRaw,
  type Written,
} from './path-forms.ts'
import { startRunning } from './running.ts'

/** A request that means one resource never reaches another one, whatever its path ends in. */

const IMAGE = '70a599e0-31e7-49b7-b260-868f441e862b'
const SIBLING = '70a599e0-31e7-49b7-b260-868f441e862c'
const MEMBER = '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-odd-paths-'))
let running: Running
let database: Database
let store: ImageStore
let token = ''
let project = ''
let images: readonly Image[] = []

before(async () => {
  ;({ running, token, project } = await startRunning(folder))
  database = new Database(join(folder, DATABASE_FILE))
  store = openSqliteCatalogue(database)
  images = [IMAGE, SIBLING].map((id) =>
    readDocument({
      id,
      name: id,
      status: 'queued',
      visibility: 'shared',
      owner: project,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      tags: ['kept', 'x'],
      color: 'red',
      shape: 'round',
      members: [{ member_id: MEMBER, status: 'pending' }],
    }),
  )
  await store.putImages(images)
})
after(async () => {
  database.close()
  await running.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What there was is still there as it was; nothing but names of the request's own may be new. */
async function assertKept(what: string): Promise<void> {
  let isChanged = false
  for (const before of images) {
    const now = await store.get({ project, isAdmin: true }, before.id).catch(() => undefined)
    assert.ok(now !== undefined, `${what}: the image is gone`)
    isChanged ||= now.updatedAt !== before.updatedAt
    const { updatedAt: _, properties, tags, members, ...fields } = now
    const { updatedAt: __, properties: p, tags: t, members: m, ...expected } = before
    assert.deepEqual(fields, expected, what)
    for (const [key, value] of p) assert.equal(properties.get(key), value, `${what}: ${key}`)
    assert.equal(properties.has('added'), false, `${what}: a parent was written to`)
    assert.deepEqual(
      t.filter((tag) => !tags.includes(tag)),
      [],
      what,
    )
    assert.deepEqual(members, m, what)
  }
  if (isChanged) await store.putImages(images)
}

async function tryAll(base: string, writes: readonly Written[]): Promise<void> {
  for (const written of writes.flatMap(everyMethod)) {
    for (const path of oddPaths(written.path)) {
      const status = await sendRaw(base, path, written, token)
      const what = `${written.method} ${path} ${JSON.stringify(written.body)}: ${status}`
      assert.ok(status < 500, what)
      await assertKept(what)
    }
  }
}

test('the table is about what is written: as they should be, the paths do change images', async () => {
  const writes = computeWrites(`/v2.1/${project}`, IMAGE, 'color')
  const replace = writes.find(({ method, path }) => method === 'PUT' && path.endsWith('/metadata'))
  assert.ok(replace !== undefined)
  assert.equal(await sendRaw(running.urls.compute, replace.path, replace, token), 200)
  await assert.rejects(assertKept('a good path'))
  await store.putImages(images)
})

for (const prefix of ['/v2.1', '/v2']) {
  test(`no path under ${prefix} of the compute port reaches another resource`, async () => {
    await tryAll(running.urls.compute, computeWrites(`${prefix}/${project}`, IMAGE, 'color'))
  })
}

test('no path of the image port reaches another resource', async () => {
  await tryAll(running.urls.image, imageWrites(IMAGE, 'kept', MEMBER))
})

test('no path of the identity port ends a token that it does not name', async () => {
  for (const path of ['/v3/auth/tokens', `/v3/projects/${project}`, '/v3/users/x']) {
    for (const written of everyMethod({ method: 'DELETE', path })) {
      for (const odd of oddPaths(path)) {
        const status = await sendRaw(running.urls.identity, odd, written, token)
        assert.ok(status < 500 && status !== 204, `${written.method} ${odd}: ${status}`)
      }
    }
  }
  assert.equal(
    await sendRaw(running.urls.image, '/v2/images', { method: 'POST', path: '', body: {} }, token),
    201,
  )
})
