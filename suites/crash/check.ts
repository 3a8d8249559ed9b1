import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Catalogue, ImageStore, ListWindow } from '../../src/catalogue/catalogue.ts'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { isSameImage } from '../../src/catalogue/same-image.ts'
import type { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { positionOf } from '../../src/image/order.ts'
import type { ImageQuery } from '../../src/image/query.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import type { Chance } from '../fuzz/chance.ts'
import { ADMIN, type Images, PROJECTS, STRANGER } from './writes.ts'

/** Images whose own name and properties are asked for. */
const IMAGES_ASKED_FOR = 6
const PAGE_IMAGES = 37

const VIEWERS: readonly Viewer[] = [
  ...PROJECTS.map((project) => ({ project, isAdmin: false })),
  { project: STRANGER, isAdmin: false },
  { project: null, isAdmin: false },
  ADMIN,
  { project: PROJECTS[0] ?? null, isAdmin: true },
]

/** The file as such: its pages, each index against its table, and the inverted index. */
export function checkFileWhole({ sqlite }: Database): void {
  for (const pragma of ['quick_check', 'integrity_check', 'foreign_key_check']) {
    const rows = sqlite.prepare(`PRAGMA ${pragma}`).all()
    const expected = pragma === 'foreign_key_check' ? [] : [{ [pragma]: 'ok' }]
    assert.ok(
      isDeepStrictEqual(
        rows.map((row) => ({ ...row })),
        expected,
      ),
      JSON.stringify(rows),
    )
  }
  sqlite.exec(`INSERT INTO postings (postings) VALUES ('integrity-check')`)
  const listed = sqlite.prepare(`SELECT place FROM images WHERE audiences <> '' ORDER BY place`)
  const posted = sqlite.prepare('SELECT rowid AS place FROM postings ORDER BY rowid')
  assert.deepEqual(posted.all(), listed.all(), 'postings stand for other images than are listed')
}

/** @returns the ids whose images differ */
export function differences(a: Images, b: Images): readonly string[] {
  const ids = new Set([...a.keys(), ...b.keys()])
  return [...ids].filter((id) => {
    const [one, other] = [a.get(id), b.get(id)]
    return one === undefined || other === undefined || !isSameImage(one, other)
  })
}

/**
 * Lists for every kind of viewer, against a naive computation over the same images.
 * @returns how many lists were compared
 */
export async function checkLists(
  store: ImageStore,
  images: Images,
  chance: Chance,
): Promise<number> {
  const naive = new MemoryCatalogue(() => 0)
  await naive.putImages([...images.values()])
  const queries = makeQueries(images, chance)
  for (const viewer of VIEWERS) {
    for (const query of queries) {
      const expected = await list(naive, viewer, query)
      const found = await list(store, viewer, query)
      const ids = (of: readonly Image[]) => of.map(({ id }) => id)
      const what = JSON.stringify({ viewer, query, properties: [...(query.properties ?? [])] })
      assert.deepEqual(ids(found), ids(expected), what)
      assert.ok(
        found.every((image, i) => isDeepStrictEqual(image, expected[i])),
        what,
      )
    }
    const whole = await list(naive, viewer, {})
    assert.deepEqual(await listInPages(store, viewer), whole, 'pages do not join into the list')
  }
  return VIEWERS.length * (queries.length + 1)
}

function makeQueries(images: Images, chance: Chance): readonly ImageQuery[] {
  const all = [...images.values()]
  const updated = all.map((image) => image.updatedAt).sort((a, b) => b - a)
  const some = all.length === 0 ? [] : chance.times(IMAGES_ASKED_FOR, () => chance.pick(all))
  return [
    {},
    { statuses: ['active'] },
    { statuses: ['queued', 'deactivated', 'pending_delete'] },
    { minRamMib: 512 * chance.below(8) },
    { minDiskGib: chance.below(50) },
    { changesSince: updated[Math.floor(updated.length / 20)] ?? 0 },
    { changesSince: updated[Math.floor(updated.length / 2)] ?? 0, statuses: ['active'] },
    { properties: new Map([['touched', `${chance.below(20)}`]]) },
    { properties: new Map([['os_type', 'linux']]), minRamMib: 1024 },
    { properties: new Map([['os_distro', 'debian'], ['architecture', 'x86_64']]) }, // biome-ignore format: one line
    ...some.map((image) => ({ name: image.name ?? '' })),
    ...some.map((image) => ({ properties: textsOf(image) })),
  ]
}

/** A free property of the image, as one asks for it. */
function textsOf(image: Image): Map<string, string> {
  const [last] = [...image.properties].reverse()
  return new Map(last === undefined || last[1] === null ? [] : [[last[0], last[1]]])
}

async function list(
  catalogue: Catalogue,
  viewer: Viewer,
  query: ImageQuery,
  window: ListWindow = { limit: Number.POSITIVE_INFINITY },
): Promise<readonly Image[]> {
  const images: Image[] = []
  for await (const batch of catalogue.list(viewer, query, window)) images.push(...batch)
  return images
}

async function listInPages(catalogue: Catalogue, viewer: Viewer): Promise<readonly Image[]> {
  const images: Image[] = []
  for (;;) {
    const last = images.at(-1)
    const after = last === undefined ? {} : { after: positionOf(last) }
    const page = await list(catalogue, viewer, {}, { limit: PAGE_IMAGES, ...after })
    if (page.length === 0) return images
    images.push(...page)
  }
}
