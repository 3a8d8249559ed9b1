import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { CatalogueFault } from '../../src/catalogue/faults.ts'
import { BASE_PROPERTIES } from '../../src/image/base-properties.ts'
import { listed } from '../../test/catalogue/contract.ts'
import { ADMIN, idOf, imageOf, memberOf, OTHER, OWNER } from '../../test/catalogue/images.ts'
import { glanceWorld } from './glance-world.ts'

/** Reading and writing a real Glance's images at the same time. */

const world = await glanceWorld()
after(() => world[Symbol.asyncDispose]())
const { catalogue } = world

const set = (pairs: readonly (readonly [string, string])[]) => ({
  remove: new Set<string>(),
  set: new Map(pairs),
  propertiesMax: 128,
})

test('a list goes on though each page’s last image is deleted while it is read', async () => {
  // Five images a second, so that pages end in the midst of one.
  const images = Array.from({ length: 3300 }, (_, n) =>
    imageOf(n, { createdAt: 1_700_000_000 + Math.floor(n / 5) }),
  )
  world.fill(images)
  const seen: string[] = []
  const batches: number[] = []
  for await (const batch of catalogue.list(OWNER, {}, { limit: Number.POSITIVE_INFINITY })) {
    seen.push(...batch.map(({ id }) => id))
    batches.push(batch.length)
    const last = batch.at(-1)
    assert.ok(last)
    await catalogue.delete(OWNER, last.id)
  }
  // No image that was deleted had not been seen before.
  assert.deepEqual(seen, images.map(({ id }) => id).reverse())
  assert.equal(batches.length, 4)
})

test('a change never touches who sees an image', async () => {
  const shared = imageOf(1, { visibility: 'shared', members: [memberOf('other', 'accepted')] })
  world.fill([
    shared,
    imageOf(2, { visibility: 'community' }),
    imageOf(3, { visibility: 'public' }),
  ])
  for (const n of [1, 2, 3]) {
    const before = await catalogue.get(OTHER, idOf(n))
    await catalogue.changeProperties(OWNER, idOf(n), set([['k', 'v']]))
    const now = await catalogue.get(OTHER, idOf(n))
    assert.equal(now.visibility, before.visibility)
    assert.equal(now.properties.get('k'), 'v')
  }
  assert.deepEqual(
    (await listed(catalogue, OTHER)).map(({ id }) => id),
    [idOf(3), idOf(1)],
  )
})

test('what a change says is what is there and is found, or it is refused and nothing changes', async () => {
  const odd = [
    ...[
      'a/b',
      '~',
      '~1',
      '~0/',
      'a b',
      ' a',
      'a ',
      '\t',
      '"',
      "'",
      '\\',
      'ü',
      '\0',
      'a\nb',
      '__proto__',
    ],
    ...[
      'constructor',
      '__class__',
      '_x',
      'image_id',
      'policy',
      'context',
      'helper',
      'delete',
      'repo',
    ],
    ...['limit', 'x_min', 'metadata', 'properties', 'tag', 'members', 'is_public', 'location'],
    ...['os_glance_x', 'kernel_id', 'key 😀', 'x'.repeat(255), 'hw:colon', ...BASE_PROPERTIES],
  ]
  let kept = 0
  for (const key of odd) {
    for (const value of ['v', 'in:a,b', '']) {
      const before = imageOf(1, { visibility: 'community', properties: new Map([['keep', 'me']]) })
      world.fill([before, imageOf(2)])
      const name = JSON.stringify([key, value])
      let fault: CatalogueFault | undefined
      await catalogue.changeProperties(OWNER, before.id, set([[key, value]])).catch((error) => {
        fault = error
      })
      const now = await catalogue.get(OWNER, before.id)
      if (fault === undefined) {
        kept += 1
        assert.equal(now.properties.get(key), value, name)
        assert.equal(now.properties.size, 2, name)
        const properties = new Map([[key, value]])
        const found = await listed(catalogue, OWNER, { properties })
        assert.deepEqual(
          found.map(({ id }) => id),
          [before.id],
          name,
        )
      } else {
        assert.equal(fault.code, 'property.unstorable', name)
        assert.deepEqual(now, before, name)
      }
    }
  }
  assert.ok(kept >= 60, `${kept} kept`)
})

test('of edits to different keys at once none is refused but by a locked database', async (t) => {
  world.fill([imageOf(1, { properties: new Map([['old', 'x']]) })])
  const lockedBefore = lockedInGlance()
  const edits = Array.from({ length: 12 }, (_, n) =>
    catalogue.changeProperties(n % 2 === 0 ? OWNER : ADMIN, idOf(1), set([[`k${n}`, 'v']])),
  )
  const removal = catalogue.changeProperties(OWNER, idOf(1), {
    ...{ remove: new Set(['old']), set: new Map(), propertiesMax: 128 },
  })
  const outcomes = await Promise.allSettled([...edits, removal])
  const faults = outcomes.flatMap((o) => (o.status === 'rejected' ? [o.reason.code] : []))
  const locked = lockedInGlance() - lockedBefore
  t.diagnostic(
    `${outcomes.length} edits, faults: ${faults.join() || 'none'}; ${locked} by a locked database`,
  )
  // Glance answers 500 where SQLite lets only one of its processes write; a write is not made
  // again.
  assert.deepEqual(
    faults.filter((code) => code !== 'upstream.unavailable'),
    [],
  )
  assert.ok(faults.length <= locked, `${faults.length} faults, ${locked} by a locked database`)
  assert.ok(faults.length < outcomes.length)
})

/** How often Glance has logged that its database refused a write. */
function lockedInGlance(): number {
  const log = readFileSync(join(world.cloud.stateFolder, 'glance/glance.log'), 'utf8')
  return log.split('OperationalError) database is locked').length - 1
}
