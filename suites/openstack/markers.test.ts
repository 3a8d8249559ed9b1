import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Cloud, startCloud } from './cloud.ts'
import { deleteAllImages, glanceApi } from './glance-api.ts'
import { type Front, startFront } from './start-front.ts'

/** Every kind of marker, asked by everybody, of Nova and of Afterimage in front of the same Glance. */
const KINDS = ['own', 'hidden', 'deactivated', 'community', 'secret', 'deleted', 'missing'] as const
type Asker = 'demo' | 'admin' | 'unscoped'

let cloud: Cloud
let checked: Front
let alone: Front
let tokens: Readonly<Record<Asker, string>>
const ids = new Map<string, string>(KINDS.map((kind) => [kind, randomUUID()]))

before(async () => {
  cloud = await startCloud()
  const glance = glanceApi(cloud.glanceUrl)
  const admin = await cloud.token('admin', 'admin')
  const demo = await cloud.token('demo', 'demo')
  const alt = await cloud.token('alt_demo', 'alt')
  tokens = { demo, admin, unscoped: await cloud.token('demo') }
  await deleteAllImages(cloud.glanceUrl, admin)
  const make = async (kind: string, token: string, fields: object) => {
    const image = { id: ids.get(kind) ?? randomUUID(), name: kind, visibility: 'private' }
    const formats = { disk_format: 'raw', container_format: 'bare' }
    await glance.call('POST', '/images', token, { ...image, ...formats, ...fields })
  }
  await make('oldest', demo, {})
  for (const kind of ['own', 'hidden', 'deactivated', 'deleted'] as const)
    await make(kind, demo, {})
  await glance.patch(ids.get('hidden') ?? '', demo, '/os_hidden', true)
  const bytes = new Uint8Array(1)
  await glance.call('PUT', `/images/${ids.get('deactivated')}/file`, demo, bytes)
  await glance.call('POST', `/images/${ids.get('deactivated')}/actions/deactivate`, admin)
  await glance.call('DELETE', `/images/${ids.get('deleted')}`, demo)
  await make('community', alt, { visibility: 'community' })
  await make('secret', alt, {})
  const flags = ['--glance-url', cloud.glanceUrl]
  checked = await startFront([...flags, '--keystone-url', cloud.keystoneUrl])
  alone = await startFront(flags)
})

after(async () => {
  await alone?.[Symbol.asyncDispose]()
  await checked?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

/** The names listed after each kind of marker, or what was answered instead. */
async function pages(base: string, asker: Asker, query = ''): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {}
  for (const [kind, id] of ids) {
    const response = await fetch(`${base}/images?marker=${id}${query}`, {
      headers: { 'X-Auth-Token': tokens[asker] },
    })
    const body = JSON.parse((await response.text()).replaceAll(id, 'MARKER'))
    const listed = body.images as readonly { name: string }[] | undefined
    answers[kind] = listed?.map(({ name }) => name) ?? `${response.status} ${JSON.stringify(body)}`
  }
  return answers
}

const nova = (asker: Asker, query?: string) => pages(`${cloud.novaUrl}/v2.1`, asker, query)
const of = (front: Front, asker: Asker, query?: string) => pages(`${front.url}/v2.1`, asker, query)

test('a member’s pages go on where Nova’s do, and an unseen marker is answered like a missing one', async () => {
  for (const query of ['', '&name=oldest', '&name=none', '&limit=1']) {
    const theirs = await nova('demo', query)
    const missing = theirs['missing']
    assert.match(String(theirs['secret']), /^403 /)
    for (const front of [checked, alone]) {
      for (let again = 0; again < 2; again += 1) {
        assert.deepEqual(await of(front, 'demo', query), { ...theirs, secret: missing }, query)
      }
    }
    const listed = Object.values(theirs).filter(Array.isArray)
    assert.equal(listed.length, 4)
  }
})

test('an administrator’s page goes on after a deleted image in Nova and with Glance alone, not with Keystone', async () => {
  const theirs = await nova('admin')
  assert.ok(Array.isArray(theirs['deleted']), String(theirs['deleted']))
  assert.deepEqual(await of(alone, 'admin'), theirs)
  assert.deepEqual(await of(checked, 'admin'), { ...theirs, deleted: theirs['missing'] })
})

test('without a project a marker must be one of the images that are shown', async () => {
  const answers = await of(checked, 'unscoped')
  const { missing } = answers
  assert.match(String(missing), /^400 /)
  const expected = Object.fromEntries(KINDS.map((kind) => [kind, missing]))
  assert.deepEqual(answers, { ...expected, community: [] })
})
