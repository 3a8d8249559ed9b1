import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runCommand } from '../../test/cli/harness.ts'
import { Chance } from '../fuzz/chance.ts'
import { type FuzzedServer, populate, startServer } from '../fuzz/server.ts'
import { objectFor, type Schemas, schemaOf, valueFor } from './schema-values.ts'

/**
 * Bodies made from the schemas that are served: whatever they allow, and what is just outside. No
 * answer is a 5xx; what is accepted is stored, shown by both APIs, exported and imported unchanged.
 * `VALUES_SEED` gives the same bodies again, `VALUES_BODIES` says how many.
 */
const SEED = Number(process.env['VALUES_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const BODIES = Number(process.env['VALUES_BODIES'] ?? 20_000)
const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

let folder = ''
let server: FuzzedServer
let token = ''
let schemas: Schemas
let memberSchemas: Schemas
const chance = new Chance(SEED)
/** Ids of images that were made. */
const made: string[] = []
const counts = new Map<string, number>()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'values-'))
  server = await startServer(folder)
  const world = await populate(folder, server.ports.identity, SEED)
  const admin = world.callers.find(({ viewer }) => viewer.isAdmin)
  token = admin?.token ?? assert.fail('no administrator')
  schemas = await schemasAt('image')
  memberSchemas = await schemasAt('member')
})
after(async () => {
  server.kill()
  await rm(folder, { recursive: true })
})

async function schemasAt(name: string): Promise<Schemas> {
  const { json } = await send('image', 'GET', `/v2/schemas/${name}`)
  return (json as { properties: Schemas }).properties
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

async function send(
  port: 'image' | 'compute' | 'identity',
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${server.ports[port]}${path}`, {
    method,
    headers: {
      'X-Auth-Token': token,
      ...(body === undefined ? {} : { 'Content-Type': type }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 600)}`
  assert.ok(answer.status < 500, `VALUES_SEED=${SEED}: ${answer.status} ${text}\n${what}`)
  const kind = `${port} ${method} ${resourceOf(path)} ${answer.status}`
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: answer.status, text, json }
}

/** The path without ids, keys and queries. */
function resourceOf(path: string): string {
  const [plain = ''] = path.split('?')
  return plain
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/i, '{id}')
    .replace(/(metadata|members)\/.*/, '$1/{}')
}

type Document = Readonly<Record<string, unknown>>

/** What a field that was accepted is shown as. */
function shownAs(name: string, value: unknown): unknown {
  if (name === 'tags') return [...new Set(value as string[])].sort()
  if (name === 'owner') return value || null
  if (name === 'id') return (value as string).toLowerCase()
  return value
}

function assertStored(body: Document, shown: Document): void {
  for (const [name, value] of Object.entries(body)) {
    const stored = name === 'tags' ? (shown['tags'] as string[]).toSorted() : shown[name]
    assert.deepEqual(
      stored,
      shownAs(name, value),
      `VALUES_SEED=${SEED}: ${name} of ${JSON.stringify(body)}`,
    )
  }
}

/** Free properties are, as they are; `block_device_mapping` is shown as the JSON that it holds. */
function isShownAsMetadata(key: string): boolean {
  const isBase = Object.hasOwn(schemas, key) && !('is_base' in (schemas[key] ?? {}))
  return !isBase && key !== 'block_device_mapping'
}

/** Both APIs show the image, and say the same of it. */
async function assertShownByBoth(id: string): Promise<Document> {
  const image = await send('image', 'GET', `/v2/images/${id}`)
  const compute = await send('compute', 'GET', `/v2.1/images/${id}`)
  assert.deepEqual([image.status, compute.status], [200, 200], image.text + compute.text)
  const document = image.json as Document
  const shown = (compute.json as { image: Document }).image
  assert.equal(shown['name'], document['name'])
  assert.equal(shown['minRam'], document['min_ram'])
  assert.equal(shown['minDisk'], document['min_disk'])
  const metadata = shown['metadata'] as Document
  for (const [key, value] of Object.entries(document)) {
    if (isShownAsMetadata(key)) assert.deepEqual(metadata[key], value, key)
  }
  return document
}

test('images are made of any body, or it is refused', async () => {
  for (let n = 0; n < BODIES * 0.4; n += 1) {
    const body = objectFor(schemas, chance)
    const { status, json } = await send('image', 'POST', '/v2/images', body)
    if (status !== 201) continue
    const { id } = json as { id: string }
    made.push(id)
    assertStored(body, json as Document)
    if (chance.is(25)) assertStored(body, await assertShownByBoth(id))
  }
  assert.ok(made.length > BODIES * 0.05, `${made.length} images`)
})

test('images are changed by any patch, or it is refused', async () => {
  for (let n = 0; n < BODIES * 0.25; n += 1) {
    const id = chance.pick(made)
    const [[name, value] = ['x', 'y']] = Object.entries(objectFor(schemas, chance, 1))
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const op = chance.pick(['add', 'add', 'replace', 'remove'])
    const step = op === 'remove' ? { op, path: pointer } : { op, path: pointer, value }
    const { status, json } = await send('image', 'PATCH', `/v2/images/${id}`, [step], PATCH_TYPE)
    if (status === 200 && op !== 'remove') assertStored({ [name]: value }, json as Document)
    if (status === 200 && chance.is(20)) {
      assert.deepEqual(await assertShownByBoth(id), json)
    }
  }
})

test('metadata is written with any values, or refused', async () => {
  for (let n = 0; n < BODIES * 0.15; n += 1) {
    const id = chance.pick(made)
    const fields = objectFor(schemas, chance)
    const method = chance.pick(['POST', 'PUT'])
    const isItem = chance.is(30)
    const [key = 'k', value = 'v'] = Object.entries(fields)[0] ?? []
    const path = `/v2.1/images/${id}/metadata`
    const { status, json } = isItem
      ? await send('compute', 'PUT', `${path}/${encodeURIComponent(key)}`, {
          meta: { [key]: value },
        })
      : await send('compute', method, path, { metadata: fields })
    if (status === 200 && chance.is(30)) {
      const shown = await send('compute', 'GET', path)
      assert.equal(shown.status, 200)
      const { metadata } = shown.json as { metadata: Document }
      for (const [name, written] of Object.entries(isItem ? { [key]: value } : fields)) {
        if (isShownAsMetadata(name)) assert.deepEqual(metadata[name], written, name)
      }
      if (!isItem && method === 'PUT') assert.deepEqual(json, { metadata: fields })
    }
    if (chance.is(10)) await assertShownByBoth(id)
  }
})

test('members are added and answer with any body, or are refused', async () => {
  for (let n = 0; n < BODIES * 0.05; n += 1) {
    const path = `/v2/images/${chance.pick(made)}/members`
    const member = valueFor(schemaOf(memberSchemas, 'member_id'), chance)
    const extra = chance.is(20) ? objectFor(memberSchemas, chance, 2) : {}
    const { status, json } = await send('image', 'POST', path, { member, ...extra })
    if (status === 200) assert.equal((json as Document)['member_id'], member)
    const who = typeof member === 'string' && member !== '' ? encodeURIComponent(member) : 'x'
    const answer = valueFor(schemaOf(memberSchemas, 'status'), chance)
    await send('image', 'PUT', `${path}/${who}`, { status: answer, ...extra })
  }
})

test('an import of any body is refused: nothing was staged', async () => {
  const parts: Schemas = {
    method: { type: ['object', 'null'] },
    all_stores: { type: ['boolean', 'null'] },
    stores: { type: ['array', 'null'] },
  }
  for (let n = 0; n < BODIES * 0.05; n += 1) {
    const body: Record<string, unknown> = objectFor(parts, chance)
    const name = chance.pick([
      'glance-direct',
      'web-download',
      valueFor({ type: 'string' }, chance),
    ])
    if (chance.is(60))
      body['method'] = { name, ...objectFor({ uri: { type: 'string' } }, chance, 1) }
    const path = `/v2/images/${chance.pick(made)}/import`
    const { status } = await send('image', 'POST', path, body)
    assert.ok(status >= 400, `VALUES_SEED=${SEED}: ${status} ${JSON.stringify(body)}`)
  }
})

/** What `afterimage import` keeps of a field, and what a document without it is given. */
function keptAs(name: string, value: unknown): unknown {
  if (name === 'tags') return [...new Set(value as string[])].sort()
  if (name === 'min_ram' || name === 'min_disk') return Number(value ?? 0)
  if (name === 'protected' || name === 'os_hidden') return value ?? false
  if (name === 'name' || !Object.hasOwn(schemas, name) || 'is_base' in (schemas[name] ?? {})) {
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  }
  return value
}

/** Kept in another form, or left out. */
const NOT_COMPARED = ['id', 'created_at', 'updated_at', 'self', 'file', 'schema', 'stores']
const LEFT_OUT = ['locations', 'direct_url', 'block_device_mapping', 'members', 'size']

test('documents with any values are imported as they are, or are bad', async (t) => {
  const data = join(folder, 'documents')
  const file = join(folder, 'documents.jsonl')
  const all = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { ...schema, readOnly: false }]),
  )
  const documents = new Map<string, Document>()
  for (let n = 0; n < BODIES * 0.1; n += 1) {
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
    const times = chance.is(95) ? { created_at: '2026-01-02T03:04:05Z' } : {}
    documents.set(id, { ...times, ...objectFor(all, chance), id })
  }
  await writeFile(file, [...documents.values()].map((doc) => JSON.stringify(doc)).join('\n'))
  const { stdout, stderr } = await runCommand(['import', '--skip-bad', file, '--data', data], {
    cwd: folder,
  })
  const { bad, taken } = /(?<taken>\d+) new, 0 replaced, 0 unchanged, (?<bad>\d+) bad/.exec(stdout)
    ?.groups ?? { bad: '', taken: '' }
  assert.equal(Number(bad) + Number(taken), documents.size, stdout + stderr)
  assert.ok(Number(taken) > documents.size / 4 && Number(bad) > 0, stdout)
  const exported = await runCommand(['export', '--data', data, '--format', 'lines'], {
    cwd: folder,
  })
  const lines = exported.stdout.trimEnd().split('\n')
  assert.equal(lines.length, Number(taken))
  for (const line of lines) {
    const kept: Document = JSON.parse(line)
    for (const [name, value] of Object.entries(documents.get(String(kept['id'])) ?? {})) {
      if ([...NOT_COMPARED, ...LEFT_OUT].includes(name)) continue
      assert.deepEqual(kept[name], keptAs(name, value), `VALUES_SEED=${SEED}: ${name} of ${line}`)
    }
  }
  t.diagnostic(`VALUES_SEED=${SEED}: ${taken} documents imported, ${bad} bad`)
})

test('a sign-in of any body is a token or a refusal', async () => {
  const user: Schemas = {
    name: { type: ['string', 'null'] },
    id: { type: ['string', 'null'] },
    password: { type: ['string', 'null'] },
    domain: { type: ['object', 'null'] },
  }
  const parts: Schemas = {
    methods: { type: ['array', 'null'], items: { type: 'string', enum: ['password', 'token'] } },
    password: { type: ['object', 'null'] },
    token: { type: ['object', 'null'] },
  }
  for (let n = 0; n < BODIES * 0.1; n += 1) {
    const identity: Record<string, unknown> = objectFor(parts, chance)
    if (chance.is(60)) identity['methods'] = ['password']
    if (chance.is(60)) identity['password'] = { user: objectFor(user, chance) }
    const scope = chance.pick([{}, { scope: valueFor({ type: ['object', 'null'] }, chance) }])
    const body = chance.is(90) ? { auth: { identity, ...scope } } : objectFor(parts, chance)
    const { status } = await send('identity', 'POST', '/v3/auth/tokens', body)
    assert.notEqual(status, 201) // nobody's password is guessed
  }
})

test('the vendor’s list is asked with any parameters, or it is refused', async () => {
  const names = [
    ...Object.keys(schemas),
    ...['limit', 'marker', 'sort_key', 'sort_dir', 'member_status', 'tag', '__isregistered'],
    ...['__imagetype', 'virtual_env_type', '__os_type', 'created_at', 'updated_at'],
  ]
  for (let n = 0; n < BODIES * 0.05; n += 1) {
    const query = new URLSearchParams({ limit: '2' })
    for (let i = chance.below(3); i >= 0; i -= 1) {
      const name = chance.pick(names)
      query.append(name, String(valueFor(schemaOf(schemas, name), chance)))
    }
    await send('image', 'GET', `/v2/cloudimages?${query}`)
  }
})

test('all of it is exported, imported elsewhere and exported again unchanged', async (t) => {
  const run = async (...args: string[]) => {
    const outcome = await runCommand(args, { cwd: folder })
    assert.equal(outcome.code, 0, outcome.stderr)
    return outcome
  }
  const [first, second] = [join(folder, 'first.jsonl'), join(folder, 'second.jsonl')]
  await run('export', '--data', folder, '--format', 'lines', '--output', first)
  const other = join(folder, 'other')
  await run('import', first, '--data', other)
  await run('export', '--data', other, '--format', 'lines', '--output', second)
  assert.ok((await readFile(first)).equals(await readFile(second)))
  const again = await run('import', first, '--data', folder)
  assert.match(again.stdout + again.stderr, / 0 new, 0 replaced, \d+ unchanged, 0 bad/)
  const total = counts.values().reduce((sum, n) => sum + n, 0)
  t.diagnostic(`VALUES_SEED=${SEED}: ${total} requests, ${made.length} images made`)
  for (const [kind, n] of [...counts].sort()) t.diagnostic(`${n} ${kind}`)
  assert.equal(server.troubles.length, 0, server.troubles.join('\n'))
})
