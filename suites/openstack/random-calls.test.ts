import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { Chance } from '../fuzz/chance.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { deleteAllImages, type GlanceApi, glanceApi } from './glance-api.ts'
import { type Front, startFront } from './start-front.ts'

/**
 * Random calls of every kind (methods, paths, headers, media types, bodies; writes too), each made to
 * Nova and to Afterimage over the same Glance, each on an image of its own that began as the other's.
 */

const CALLS = Number(process.env['CALLS'] ?? 600)

let cloud: Cloud
let front: Front
let glance: GlanceApi
let token = ''

before(async () => {
  cloud = await startCloud()
  await deleteAllImages(cloud.glanceUrl, await cloud.token('admin', 'admin'))
  front = await startFront(['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl])
  glance = glanceApi(cloud.glanceUrl)
  token = await cloud.token('demo', 'demo')
})
after(async () => {
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

interface Call {
  readonly method: string
  /** With `{id}` and `{project}`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PUT',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
]
const PATHS = [
  ...['', '/', '/images', '/images/', '/images/detail', '/images/{id}', '/images/{id}/metadata'],
  ...['/images/{id}/metadata', '/images/{id}/metadata', '/images/{id}/metadata/color'],
  ...['/images/{id}/metadata/color', '/images/{id}/metadata/nosuch', '/images/{id}/metadata/a.b'],
  ...['/images/{id}/metadata/os_hash_algo', '/images/{id}/x', '/images/nosuch', '/versions/v2.1'],
]
const TYPES = [
  ...[
    'application/json',
    'application/json',
    'application/json',
    'application/json; charset=utf-8',
  ],
  ...[
    '',
    'text/plain',
    'application/xml',
    'application/octet-stream',
    'APPLICATION/JSON',
    'nonsense',
  ],
  ...['application/x-www-form-urlencoded', 'text/html', 'application/vnd.openstack.compute+json'],
]
const KEYS = [
  'color',
  'a.b',
  'a b',
  'nosuch',
  'os_hash_algo',
  'checksum',
  'x'.repeat(255),
  'ü',
  'name',
  '',
]
const VALUES = ['red', '', 'x'.repeat(255), 'x'.repeat(256), 'ü', '"', '\u0000', 'a\nb']
const ODD_VALUES = [null, 1, true, [], {}]

function makeCall(chance: Chance): Call {
  const prefix = chance.pick(['/v2.1', '/v2.1', '/v2'])
  const project = chance.pick(['/{project}', '/{project}', '/{project}', '', '/0123456789abcdef'])
  const method = chance.pick(METHODS)
  const hasBody = method === 'POST' || method === 'PUT' || chance.is(5)
  const headers: Record<string, string> = {}
  if (chance.is(20)) headers[chance.pick(VERSION_HEADERS)] = chance.pick(VERSIONS)
  if (chance.is(10)) headers['accept'] = chance.pick(['*/*', 'application/json', 'text/html', ''])
  if (hasBody && chance.is(90)) headers['content-type'] = chance.pick(TYPES)
  const path = prefix + project + chance.pick(PATHS)
  return { method, path, headers, body: hasBody ? makeBody(chance) : undefined }
}

const VERSION_HEADERS = ['openstack-api-version', 'x-openstack-nova-api-version']
const VERSIONS = [
  ...['2.1', '2.35', '2.36', '2.38', '2.39', 'latest', 'x', '', '9.9', '2.01'],
  ...['compute 2.1', 'compute 2.36', 'compute 2.39', 'compute latest', 'Compute 2.1', 'identity 3'],
  ...[
    'compute 2.1, compute 2.36',
    'compute 2.36, identity 3',
    'compute',
    'compute 2.1 x',
    'compute 9.9',
  ],
]

function makeBody(chance: Chance): string {
  if (chance.is(6))
    return chance.pick(['', '{', '[]', 'null', '"x"', '{"metadata": NaN}', '\ufeff{}', '\u0000'])
  const items = Object.fromEntries(
    chance.times(chance.pick([0, 1, 1, 2]), () => [
      chance.pick(KEYS),
      chance.is(90) ? chance.pick(VALUES) : chance.pick(ODD_VALUES),
    ]),
  )
  const field = chance.pick(['metadata', 'metadata', 'meta', 'meta', 'other'])
  const extra = chance.is(5) ? { more: 1 } : {}
  return JSON.stringify({ [field]: chance.is(95) ? items : chance.pick(ODD_VALUES), ...extra })
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly version: string | undefined
}

function send(base: string, call: Call, id: string): Promise<Answer> {
  const { hostname, port } = new URL(base)
  const path = call.path.replace('{id}', id).replace('{project}', cloud.projects.demo)
  const bytes = Buffer.from(call.body ?? '')
  const headers = {
    host: 'compute.test:8774', // links follow it, so that they are the same on both sides
    'x-auth-token': token,
    ...call.headers,
    ...(call.body === undefined ? {} : { 'content-length': bytes.length }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method: call.method, path, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece) => {
        text += piece
      })
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: settle(text, id),
          version: answer.headers['openstack-api-version'] as string | undefined,
        }),
      )
    })
    sent.once('error', reject)
    sent.end(bytes)
  })
}

/** The body without what differs from image to image and from time to time. */
function settle(text: string, id: string): unknown {
  const plain = text
    .replaceAll(id, '{id}')
    .replaceAll(/"(updated|created)": ?"[^"]*"/g, '"$1":"{time}"')
    // Where the Image service is, both say in their own way (`alternate-link`).
    .replaceAll(/("rel": ?"alternate", ?"type": ?"[^"]*", ?"href": ?)"[^"]*"/g, '$1""')
  try {
    return JSON.parse(plain)
  } catch {
    return plain === '' ? '' : '(no JSON)'
  }
}

const VOLATILE = ['images', 'images_links']

function isSame(their: Answer, our: Answer): boolean {
  if (their.status !== our.status || their.version !== our.version) return false
  // Messages are in other words here, which docs/differences.md says.
  if (their.status >= 300) return true
  const shown = ({ body }: Answer) =>
    typeof body === 'object' && body !== null && VOLATILE.some((name) => name in body) ? '' : body
  return JSON.stringify(sorted(shown(their))) === JSON.stringify(sorted(shown(our)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}

type Fits = (call: Call, their: Answer, our: Answer) => boolean

/** Intended differences, by the name of their row in docs/differences.md. */
const NAMED: Readonly<Record<string, Fits>> = {
  head: ({ method }, their, our) => method === 'HEAD' && their.status === 404 && our.status !== 404,
  'method-405': (_call, their, our) => their.status === 404 && our.status === 405,
  options: ({ method }) => method === 'OPTIONS',
  'lenient-media-types': ({ headers, body }, their, our) =>
    their.status === 415 && our.status !== 415 && body !== undefined && !isJson(headers),
  'versions-ignore-bodies': ({ path, body }, their, our) =>
    !path.includes('/images') && body !== undefined && isRefusal(their) && our.status === 200,
  'json-byte-order-mark': ({ body }, their, our) =>
    body?.startsWith('\ufeff') === true && isRefusal(their) && our.status < 500,
  'nova-fails': (_call, their, our) => their.status === 500 && our.status < 500,
  'order-of-checks': (_call, their, our) => isRefusal(their) && isRefusal(our),
}

function isJson(headers: Call['headers']): boolean {
  return headers['content-type']?.split(';')[0] === 'application/json'
}

function isRefusal({ status }: Answer): boolean {
  return status >= 400 && status < 500
}

async function makeImage(): Promise<string> {
  const { id } = await glance.call('POST', '/images', token, {
    name: 'random',
    color: 'red',
    'a.b': 'c',
  })
  return String(id)
}

test('random calls of every kind are answered as Nova answers them, but for named differences', async (t) => {
  const seed = Number(process.env['RANDOM_SEED'] ?? randomInt(2 ** 31 - 1))
  t.diagnostic(`RANDOM_SEED=${seed} makes the same calls again`)
  const chance = new Chance(seed)
  let ids = { their: await makeImage(), our: await makeImage() }
  const named = new Map<string, number>()
  const unexplained: string[] = []
  const statuses = new Map<number, number>()
  for (let n = 0; n < CALLS; n += 1) {
    const call = makeCall(chance)
    const their = await send(cloud.novaUrl, call, ids.their)
    const our = await send(front.url, call, ids.our)
    statuses.set(their.status, (statuses.get(their.status) ?? 0) + 1)
    const isWrite = !['GET', 'HEAD', 'OPTIONS'].includes(call.method)
    const same = isSame(their, our)
    if (!same) {
      const [name] = Object.entries(NAMED).find(([, fits]) => fits(call, their, our)) ?? []
      if (name === undefined) {
        unexplained.push(
          `${JSON.stringify(call).slice(0, 400)}\n  Nova ${print(their)}\n  ours ${print(our)}`,
        )
      } else named.set(name, (named.get(name) ?? 0) + 1)
    }
    // A deleted image, or two that are not the same any more, make way for new ones.
    if (isWrite && (!same || call.method === 'DELETE')) {
      ids = { their: await makeImage(), our: await makeImage() }
    }
  }
  t.diagnostic(
    `${CALLS} calls: ${JSON.stringify(Object.fromEntries(statuses))}; named ${JSON.stringify(Object.fromEntries(named))}`,
  )
  assert.equal(
    unexplained.length,
    0,
    `${unexplained.length} unexplained\n${unexplained.slice(0, 60).join('\n')}`,
  )
})

function print({ status, version, body }: Answer): string {
  return `${status} ${version ?? ''} ${JSON.stringify(body).slice(0, 220)}`
}
