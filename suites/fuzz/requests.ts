import type { Chance } from './chance.ts'
import { mutated, oddBody, oddText, urlPart } from './odd.ts'
import { type Caller, KEYS, VALUES, type World } from './world.ts'

export type Port = 'compute' | 'image' | 'identity'

/** How a request is sent, which decides what answer is expected. */
export type Way =
  /** Framed as HTTP, on a connection that is kept. */
  | 'kept'
  /** Framed as HTTP, but so that the server may close: a connection of its own. */
  | 'alone'
  /** Bytes that were a request once; the sender half-closes after them. */
  | 'broken'

export interface FuzzRequest {
  readonly port: Port
  readonly way: Way
  readonly method: string
  readonly bytes: Buffer
  readonly caller: Caller | undefined
  /** The image that a write would change, if it were allowed. */
  readonly imageId: string | undefined
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PUT',
  'DELETE',
  'OPTIONS',
]
const ODD_METHODS = [
  'PATCH',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'LOCK',
  'QUERY',
  'LINK',
  'M-SEARCH',
  'SOURCE',
]
const WRONG_METHODS = ['FOO', 'get', 'G(T', '', 'PRI', '\x00', 'GET GET', 'X'.repeat(3000)]

/** The next request. There are few writes, so that images are left to read. */
export function makeRequest(chance: Chance, world: World): FuzzRequest {
  if (chance.is(12)) return makeWrite(chance, world)
  const port = chance.is(84) ? 'compute' : chance.pick(['image', 'identity'] as const)
  const way: Way = chance.is(80) ? 'kept' : chance.pick(['alone', 'broken'] as const)
  const caller = chance.is(88) ? chance.pick(world.callers) : undefined
  const method = chance.is(95) ? chance.pick(METHODS) : chance.pick(ODD_METHODS)
  const image = chance.is(80) ? chance.pick(world.images).id : undefined
  const { target, imageId } =
    port === 'compute'
      ? computeTarget(chance, world, caller, image)
      : otherTarget(chance, world, port, image)
  const said = way === 'broken' ? brokenMethod(chance, method) : method
  // What is broken may turn out to be a good request, for another image; it must not be a writer's.
  const asker = way === 'broken' && caller?.mayWrite ? undefined : caller
  const body = makeBody(chance, port, method)
  const bytes = print(chance, { method: said, target, caller: asker, way, body })
  return {
    port,
    way,
    method: said,
    bytes: way === 'broken' && chance.is(70) ? mutated(chance, bytes) : bytes,
    caller: asker,
    imageId,
  }
}

/** A well-formed write, allowed or not. */
function makeWrite(chance: Chance, world: World): FuzzRequest {
  if (chance.is(40)) return makeImageWrite(chance, world)
  const caller = chance.pick(world.callers)
  const image = chance.pick(world.images).id
  const key = chance.pick(KEYS)
  const item = { [key]: chance.pick(VALUES) }
  const path = `/v2.1/${caller.viewer.project ?? chance.pick(world.projects)}/images/${image}`
  const [method, target, json] = chance.pick([
    ['DELETE', chance.is(20) ? path : `${path}/metadata/${encodeURIComponent(key)}`, undefined],
    ['POST', `${path}/metadata`, { metadata: item }],
    ['PUT', `${path}/metadata`, { metadata: { ...item, by: 'all' } }],
    ['PUT', `${path}/metadata/${encodeURIComponent(key)}`, { meta: item }],
  ] as const)
  const bytes = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
  const body = bytes === undefined ? undefined : { bytes, framing: 'length' as const }
  const sent = print(chance, { method, target, caller, way: 'kept', body })
  return { port: 'compute', way: 'kept', method, bytes: sent, caller, imageId: image }
}

function makeImageWrite(chance: Chance, world: World): FuzzRequest {
  const caller = chance.pick(world.callers)
  const image = chance.pick([...world.contested])
  const path = `/v2/images/${image}`
  const name = encodeURIComponent(chance.pick(KEYS))
  const item = chance.pick(VALUES)
  const change = { op: chance.pick(['add', 'replace', 'remove']), path: `/${chance.pick(FIELDS)}` }
  const [method, target, json] = chance.pick([
    ['POST', '/v2/images', { name: item, [chance.pick(FIELDS)]: item }],
    ['PATCH', path, [{ ...change, value: item }]],
    ['PATCH', path, [{ ...change, value: oddText(chance) }]],
    ['PUT', `${path}/tags/${name}`, undefined],
    ['DELETE', `${path}/tags/${name}`, undefined],
    ['POST', `${path}/members`, { member: chance.pick(world.projects) }],
    ['DELETE', `${path}/members/${chance.pick(world.projects)}`, undefined],
    ['POST', `${path}/actions/${chance.pick(['deactivate', 'reactivate'])}`, undefined],
    ['POST', `${path}/import`, { method: { name: 'glance-direct' } }],
    ['PUT', `${path}/${chance.pick(['file', 'stage'])}`, item],
    ['DELETE', chance.is(20) ? path : `${path}/nothing`, undefined],
  ] as const)
  const bytes = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
  const framing = chance.is(80) ? ('length' as const) : ('chunks' as const)
  const body = bytes === undefined ? undefined : { bytes, framing }
  const type = method === 'PATCH' ? PATCH_TYPE : 'application/octet-stream'
  const sent = print(chance, { method, target, caller, way: 'kept', body, type })
  const imageId = target.startsWith(path) ? image : undefined
  return { port: 'image', way: 'kept', method, bytes: sent, caller, imageId }
}

const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'
// biome-ignore format: a list to be read as one
const FIELDS = [
  'name', 'visibility', 'tags', 'min_ram', 'os_hidden', 'disk_format', 'status', 'id', 'os_type', 'locations/-',
  '__proto__', 'a~1b', '~', '', 'stores', 'members', 'os_glance_x',
]

function brokenMethod(chance: Chance, method: string): string {
  if (chance.is(5)) return 'CONNECT'
  if (chance.is(20)) return chance.pick(WRONG_METHODS)
  return method === 'HEAD' ? 'GET' : method
}

function computeTarget(
  chance: Chance,
  world: World,
  caller: Caller | undefined,
  image: string | undefined,
): { target: string; imageId: string | undefined } {
  if (chance.is(4))
    return {
      target: chance.pick(['/', '*', '//', '/v2', '/v3/x', '/healthcheck', '/v2.1/']),
      imageId: undefined,
    }
  const own = caller?.viewer.project ?? undefined
  const project = chance.is(80)
    ? own
    : chance.is(50)
      ? undefined
      : chance.pick([...world.projects, oddText(chance)])
  const id = image ?? oddText(chance)
  const key = chance.is(80) ? chance.pick(KEYS) : oddText(chance)
  const rest = chance.pick([
    [],
    ['detail'],
    ['detail'],
    ['detail'],
    [id],
    [id],
    [id, 'metadata'],
    [id, 'metadata', key],
    [id, oddText(chance)],
  ])
  const segments = [
    chance.pick(['v2', 'v2.1', 'v2.1']),
    ...(project === undefined ? [] : [project]),
    'images',
    ...rest,
  ]
  const path = segments.map((segment) => noise(chance) + urlPart(chance, segment)).join('/')
  const origin = chance.is(2)
    ? chance.pick(['http://other.test', 'https://[::1]:1', 'http://u@x', 'ftp://'])
    : ''
  const tail = chance.is(4) ? chance.pick(['/', '//', '.json', '%2F', '/.', '#x', '%']) : ''
  return {
    target: `${origin}/${path}${tail}${query(chance, world)}`,
    imageId: rest[0] === id ? id : undefined,
  }
}

/** Parts that a server ignores. */
function noise(chance: Chance): string {
  return chance.is(97) ? '' : chance.pick(['/', './', 'x/../', '//./'])
}

// biome-ignore format: a list to be read as one
const PARAMETERS = [
  'name', 'status', 'changes-since', 'server', 'type', 'minRam', 'minDisk', 'limit', 'limit', 'marker',
  'page_size', 'offset', 'property-os_type', 'property-image_type', 'property-', 'property-limit', 'sort_key',
  'visibility', 'owner', 'member_status', 'tag', 'id', '__proto__', 'nobody',
]

function query(chance: Chance, world: World): string {
  if (chance.is(35)) return ''
  const count = chance.is(98) ? chance.below(5) : chance.below(800)
  const pairs = chance.times(count, () => {
    const name = chance.is(92) ? chance.pick(PARAMETERS) : urlPart(chance, oddText(chance))
    if (chance.is(3)) return name
    return `${name}=${urlPart(chance, value(chance, world, name))}`
  })
  return `?${pairs.join(chance.is(95) ? '&' : chance.pick([';', '&&', '?']))}`
}

function value(chance: Chance, world: World, name: string): string {
  if (chance.is(30)) return oddText(chance)
  if (name === 'marker' || name === 'id') return chance.pick(world.images).id
  if (name === 'limit' || name === 'page_size') return String(chance.below(30))
  if (name === 'server') return `http://x/servers/${chance.pick(VALUES)}`
  if (name.startsWith('min')) return chance.pick(['0', '512', '1', '20'])
  return chance.pick([...VALUES, 'active', 'SAVING', 'cirros', '2023-11-14T22:15:00Z'])
}

// biome-ignore format: a list to be read as one
const IDENTITY_PATHS = [
  '', 'v3', 'v2.0', 'v3/auth/tokens', 'v3/auth/tokens', 'v3/auth/catalog', 'v3/auth/projects', 'v3/auth/domains',
  'v3/projects', 'v3/users', 'v3/roles', 'v3/domains/default', 'v2.0/tokens', 'v2.0/tenants',
]

function otherTarget(
  chance: Chance,
  world: World,
  port: Port,
  image: string | undefined,
): { target: string; imageId: string | undefined } {
  const id = image ?? oddText(chance)
  const segments =
    port === 'image'
      ? chance.pick([
          [],
          ['v2'],
          ['v2', 'images'],
          ['v2', 'images'],
          ['v2', 'images', id],
          ['v2', 'images', id, chance.pick(['file', 'stage', 'import', 'members', 'tasks'])],
          ['v2', 'images', id, chance.pick(['tags', 'members', 'actions']), oddText(chance)],
          ['v2', chance.pick(['cloudimages', 'info', 'tasks', 'metadefs']), oddText(chance)],
          ['v2', 'cloudimages'],
          ['images', id],
          [chance.pick(world.projects), 'images', id],
          ['v2', 'schemas', 'image'],
        ])
      : [
          ...chance.pick(IDENTITY_PATHS).split('/'),
          ...(chance.is(20) ? [chance.pick(world.projects)] : []),
        ]
  const path = segments.map((segment) => noise(chance) + urlPart(chance, segment)).join('/')
  return {
    target: `/${path}${query(chance, world)}`,
    imageId: segments[1] === 'images' && segments[2] === id ? id : undefined,
  }
}

interface Body {
  readonly bytes: Buffer
  readonly framing: 'length' | 'chunks'
}

function makeBody(chance: Chance, port: Port, method: string): Body | undefined {
  if (chance.is(method === 'PUT' || method === 'POST' ? 5 : 95)) return undefined
  const key = chance.is(80) ? chance.pick(KEYS) : oddText(chance)
  const item = { [key]: chance.pick(VALUES) }
  const auth = {
    identity: { methods: ['token'], token: { id: 'x' } },
    scope: { project: { id: 'x' } },
  }
  const good = JSON.stringify(
    port === 'identity' ? { auth } : chance.pick([{ meta: item }, { metadata: item }]),
  )
  const framing = chance.is(80) ? 'length' : 'chunks'
  if (chance.is(2))
    return { bytes: Buffer.alloc(chance.pick([114_688, 114_689, 300_000]), ' '), framing }
  return { bytes: chance.is(50) ? Buffer.from(good) : oddBody(chance, good), framing }
}

interface Parts {
  readonly method: string
  readonly target: string
  readonly caller: Caller | undefined
  readonly way: Way
  readonly body: Body | undefined
  /** The Content-Type. */
  readonly type?: string
}

function print(chance: Chance, { method, target, caller, way, body, type }: Parts): Buffer {
  const version =
    way === 'broken' && chance.is(10)
      ? chance.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''])
      : 'HTTP/1.1'
  const lines = [`${method} ${target} ${version}`, ...headers(chance, caller, way)]
  if (type !== undefined) lines.push(`Content-Type: ${type}`)
  if (body === undefined) return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const { bytes, framing } = body
  const length =
    way === 'broken' && chance.is(30)
      ? chance.pick([0, bytes.length + 9, -1, 'x', '1, 2'])
      : bytes.length
  lines.push(framing === 'length' ? `Content-Length: ${length}` : 'Transfer-Encoding: chunked')
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat([head, framing === 'length' ? bytes : inChunks(chance, bytes)])
}

function inChunks(chance: Chance, bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, 1 + chance.below(chance.pick([10, 1000, 100_000])))
    pieces.push(
      Buffer.from(`${size.toString(16)}\r\n`),
      bytes.subarray(at, at + size),
      Buffer.from('\r\n'),
    )
    at += size
    if (pieces.length > 600) return Buffer.concat([...pieces, inChunks(chance, Buffer.alloc(0))])
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

// biome-ignore format: a list to be read as one
const ODD_HEADERS = [
  'X-OpenStack-Nova-API-Version: 2.36', 'X-OpenStack-Nova-API-Version: 2.39', 'X-OpenStack-Nova-API-Version: latest',
  'X-OpenStack-Nova-API-Version: 9.9', 'OpenStack-API-Version: compute 2.1', 'OpenStack-API-Version: compute',
  'OpenStack-API-Version: volume 3, compute 2.90', 'Accept: application/xml', 'Accept: */*;q=x', 'Accept:',
  'Accept: application/vnd.openstack.compute+json;version=2', 'Content-Type: application/xml', 'Content-Type: text/plain',
  'Content-Type: application/json; charset=utf-16', 'Content-Type: ;;;', 'Content-Type: multipart/form-data',
  'X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: https', 'Forwarded: host=evil.test', 'If-None-Match: *',
  'If-Modified-Since: never', 'Range: bytes=0-1', 'Accept-Encoding: gzip', 'Accept-Encoding: br, zstd;q=0',
  'Accept-Encoding: *;q=0, zstd;q=0.1', 'Accept-Encoding: identity;q=0, ;;q', 'Content-Encoding: gzip', 'Cookie: a=b',
  'Origin: http://evil.test', 'X-HTTP-Method-Override: DELETE', 'X-Project-Id: x', 'X-Roles: admin', 'X-Subject-Token: x',
  'X-Identity-Status: Confirmed', 'Upgrade: h2c', 'Connection: upgrade', 'TE: trailers', 'Expect: 100-continue',
  'Expect: soup', 'X-OpenStack-Request-ID: req-x', '__proto__: x', 'constructor: y', 'Keep-Alive: timeout=999999',
]
const HOSTS = [
  '',
  'Host: cloud.test\r\nHost: cloud.test',
  'Host:',
  'Host: a b',
  'Host: "',
  'Host: [::1]:1',
  'Host: 999.1.1.1',
  'Host: x:99999',
]

function headers(chance: Chance, caller: Caller | undefined, way: Way): string[] {
  const lines = [chance.is(95) ? 'Host: cloud.test:8774' : chance.pick(HOSTS)].filter(
    (line) => line !== '',
  )
  if (caller !== undefined) {
    lines.push(`${chance.is(97) ? 'X-Auth-Token' : 'X-Storage-Token'}: ${caller.token}`)
    if (chance.is(1)) lines.push(`X-Auth-Token: ${caller.token}`)
  } else if (chance.is(60)) {
    lines.push(`X-Auth-Token: ${headerText(chance)}`)
  }
  for (let i = chance.is(60) ? 0 : chance.below(4); i > 0; i -= 1)
    lines.push(chance.pick(ODD_HEADERS))
  if (chance.is(1)) lines.push(...chance.times(chance.below(3000), () => 'a: b'))
  if (chance.is(1)) lines.push(`X-Long: ${'x'.repeat(chance.pick([8000, 60_000]))}`)
  if (way === 'alone')
    lines.push(
      chance.pick([
        'Connection: close',
        `X-Huge: ${'x'.repeat(70_000)}`,
        'X: \x00',
        'Connection: close',
      ]),
    )
  return lines
}

/** Any byte that a header may hold. */
function headerText(chance: Chance): string {
  const bytes = chance.is(50) ? Buffer.from(oddText(chance)) : chance.bytes(chance.below(60))
  return bytes.toString('latin1').replace(/[^\t -~\x80-\xff]/g, '')
}
