import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Chance } from '../fuzz/chance.ts'
import { type FuzzedServer, populate, startServer } from '../fuzz/server.ts'
import { objectFor, type Schemas } from '../values/schema-values.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { deleteAllImages } from './glance-api.ts'

/**
 * Bodies made from Glance's own schema, sent to it and to the embedded Image API: the same is
 * accepted and stored.
 */

const BODIES = 2000
const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

let folder = ''
let cloud: Cloud
let server: FuzzedServer
let theirs: Side
let ours: Side

interface Side {
  readonly url: string
  readonly token: string
}

before(async () => {
  cloud = await startCloud()
  const token = await cloud.token('admin', 'admin')
  await deleteAllImages(cloud.glanceUrl, token)
  theirs = { url: cloud.glanceUrl, token }
  folder = await mkdtemp(join(tmpdir(), 'image-values-'))
  server = await startServer(folder)
  const world = await populate(folder, server.ports.identity, 1)
  const admin =
    world.callers.find(({ viewer }) => viewer.isAdmin) ?? assert.fail('no administrator')
  ours = { url: `http://127.0.0.1:${server.ports.image}`, token: admin.token }
})
after(async () => {
  server?.kill()
  await rm(folder, { recursive: true, force: true })
  await cloud?.stop()
})

interface Answer {
  readonly status: number
  readonly text: string
  readonly json: Readonly<Record<string, unknown>> | undefined
}

async function send(side: Side, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(side.url + path, {
    method,
    headers: {
      'X-Auth-Token': side.token,
      'Content-Type': method === 'PATCH' ? PATCH_TYPE : 'application/json',
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

/** Values that differ between runs and services. */
const VOLATILE = ['id', 'owner', 'created_at', 'updated_at', 'self', 'file', 'stores', 'first']

function settled({ status, json }: Answer, body: object): unknown {
  if (json === undefined || status >= 300) return { status }
  const kept = Object.entries(json).filter(
    ([name]) => !VOLATILE.includes(name) || (Object.hasOwn(body, name) && name !== 'owner'),
  )
  const entries = kept.map(([name, value]) => [
    name,
    name === 'tags' ? (value as string[]).toSorted() : value,
  ])
  return { status, ...Object.fromEntries(entries) }
}

type Fits = (body: Readonly<Record<string, unknown>>, their: Answer, our: Answer) => boolean

const isTaken = ({ status }: Answer) => status < 300
const has = (body: object, name: string) => Object.hasOwn(body, name)

/**
 * Intended differences, by the name of their row in docs/differences.md; the first that fits is
 * counted.
 */
const NAMED: Readonly<Record<string, Fits>> = {
  'all-of-unicode': (body, their, our) =>
    their.text.includes('4 byte unicode') &&
    isTaken(our) &&
    /[^\0-\uffff]/u.test(JSON.stringify(body)),
  'limits-of-names-and-values': (body, their, our) =>
    isTaken(their) && our.status === 400 && (has(body, '') || has(body, 'x'.repeat(256))),
  'hashes-are-read-only': (body, their, our) =>
    isTaken(their) &&
    our.status === 403 &&
    (has(body, 'os_hash_algo') || has(body, 'os_hash_value')),
  'stores-is-read-only': (body, their, our) =>
    isTaken(their) && our.status === 403 && has(body, 'stores'),
  'ids-in-lower-case': (body, their, our) =>
    isTaken(their) && isTaken(our) && /[A-F]/.test(String(body['id'])),
  'deleted-ids': (body, their, our) =>
    their.status === 409 &&
    their.text.includes('already exists') &&
    isTaken(our) &&
    has(body, 'id'),
  'order-of-checks': (_body, their, our) => isRefusal(their) && isRefusal(our),
}

function isRefusal({ status }: Answer): boolean {
  return status >= 400 && status < 500
}

test('a null kernel and ramdisk are stored and shown as null, alone and in the list', async () => {
  const fields = { kernel_id: null, ramdisk_id: null, hw_disk_bus: 'scsi' }
  const seen = await Promise.all(
    [theirs, ours].map(async (side) => {
      const made = await send(side, 'POST', '/v2/images', fields)
      const id = String(made.json?.['id'])
      const step = { op: 'add', path: '/kernel_id', value: null }
      const changed = await send(side, 'PATCH', `/v2/images/${id}`, [step])
      const shown = await send(side, 'GET', `/v2/images/${id}`)
      const listed = await send(side, 'GET', `/v2/images?id=in:${id}`)
      const [image] = (listed.json?.['images'] ?? []) as Answer['json'][]
      const documents = [made.json, changed.json, shown.json, image]
      const answers = documents.map((json) => settled({ status: 200, text: '', json }, {}))
      return { statuses: [made.status, changed.status], answers }
    }),
  )
  const [their, our] = seen
  assert.deepEqual(our, their)
  assert.deepEqual(their?.statuses, [201, 200])
  for (const answer of their?.answers ?? []) {
    const { kernel_id, ramdisk_id } = answer as Record<string, unknown>
    assert.deepEqual([kernel_id, ramdisk_id], [null, null])
  }
})

test('2,000 bodies made from the schema are taken, stored and refused as Glance does', async (t) => {
  const seed = Number(process.env['VALUES_SEED'] ?? randomInt(2 ** 31 - 1))
  t.diagnostic(`VALUES_SEED=${seed} sends the same again`)
  const chance = new Chance(seed)
  const { json } = await send(theirs, 'GET', '/v2/schemas/image')
  const schemas = json?.['properties'] as Schemas
  const images: { readonly their: string; readonly our: string }[] = []
  const named = new Map<string, number>()
  const unexplained: string[] = []
  let accepted = 0
  for (let n = 0; n < BODIES; n += 1) {
    const image = images.length > 0 && chance.is(40) ? chance.pick(images) : undefined
    const body = objectFor(schemas, chance, image === undefined ? 4 : 1)
    const sent = image === undefined ? body : [patchStep(body, chance)]
    const [their, our] = await Promise.all(
      (
        [
          [theirs, image?.their],
          [ours, image?.our],
        ] as const
      ).map(([side, id]) =>
        id === undefined
          ? send(side, 'POST', '/v2/images', sent)
          : send(side, 'PATCH', `/v2/images/${id}`, sent),
      ),
    )
    assert.ok(their !== undefined && our !== undefined)
    if (their.status < 300) accepted += 1
    if (image === undefined && their.status === 201 && our.status === 201) {
      images.push({ their: String(their.json?.['id']), our: String(our.json?.['id']) })
    }
    const [a, b] = [
      JSON.stringify(sortKeys(settled(their, body))),
      JSON.stringify(sortKeys(settled(our, body))),
    ]
    if (a === b) continue
    // From here on the two images are not the same any more.
    if (image !== undefined) images.splice(images.indexOf(image), 1)
    else if (isTaken(their) && isTaken(our)) images.pop()
    const [name] = Object.entries(NAMED).find(([, fits]) => fits(body, their, our)) ?? []
    if (name !== undefined) {
      named.set(name, (named.get(name) ?? 0) + 1)
      continue
    }
    unexplained.push(
      `${image === undefined ? 'POST' : 'PATCH'} ${JSON.stringify(sent).slice(0, 300)}\n  Glance ${a.slice(0, 200)} ${their.status >= 300 ? their.text.slice(0, 250) : ''}\n  ours   ${b.slice(0, 200)} ${our.status >= 300 ? our.text.slice(0, 250) : ''}`,
    )
  }
  t.diagnostic(
    `${accepted} of ${BODIES} accepted; ${JSON.stringify(Object.fromEntries(named))} named`,
  )
  assert.equal(
    unexplained.length,
    0,
    `${unexplained.length}\n${unexplained.slice(0, 40).join('\n')}`,
  )
})

function patchStep(body: object, chance: Chance): object {
  const [[name, value] = ['x', 'y']] = Object.entries(body)
  const op = chance.pick(['add', 'add', 'replace', 'remove'])
  const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return op === 'remove' ? { op, path } : { op, path, value }
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
