import { Agent, request } from 'node:http'

/** Forms of a path that a server may take for another path: above it, beside it, or the same. */

/** A resource that is written to. */
export interface Written {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The correct form. */
  readonly path: string
  readonly body?: unknown
  readonly type?: string
}

/** The path of a resource with an end that means no resource of its own. */
export function oddPaths(path: string): readonly string[] {
  const parent = path.slice(0, path.lastIndexOf('/'))
  return [
    ...ENDS.map((end) => path + end),
    // In place of the last segment.
    ...LASTS.map((last) => `${parent}/${last}`),
  ]
}

const ENDS = [
  ...['/', '//', '/.', '/..', '/./', '/../', '/x/..', '/x/../..', '/x/../../', '/./..', '/..//'],
  ...['/%2e', '/%2e%2e', '/.%2e', '/%2E%2E/', '/x/%2e%2e/%2e%2e', ';x', '/;x', '/..;x', '/..;'],
  ...['%2F', '%2F..', '%2f%2e%2e', '/..%2F', '%5C', '%5C..', '/..%5C', '%2F%2F', '/%2F', '%00'],
] as const
const LASTS = [
  ...['.', '..', './', '../', '..//', '%2e', '%2e%2e', '%2E%2e/', '..;x', '.;x', ';x', ''],
  ...['x/..', 'x/../..', 'x/%2e%2e', '%2F', '%2F..', '..%2F', '%5C', '..%5C', '%5C..', '%5c%2e%2e'],
] as const

/** Every writing call of the Compute API about an image. @param base up to `/images` */
export function computeWrites(base: string, image: string, key: string): readonly Written[] {
  const path = `${base}/images/${image}`
  const metadata = { metadata: { added: 'by an odd path' } }
  return [
    { method: 'DELETE', path },
    { method: 'POST', path: `${path}/metadata`, body: metadata },
    { method: 'PUT', path: `${path}/metadata`, body: metadata },
    { method: 'PUT', path: `${path}/metadata/${key}`, body: { meta: { [key]: 'changed' } } },
    { method: 'DELETE', path: `${path}/metadata/${key}` },
    // A body that fits wherever the path may lead.
    { method: 'PUT', path: `${path}/metadata/${key}`, body: { ...metadata, meta: { '..': 'x' } } },
  ]
}

const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

/** Every writing call of the Image API about an image. */
export function imageWrites(image: string, tag: string, member: string): readonly Written[] {
  const path = `/v2/images/${image}`
  const patch = [{ op: 'add', path: '/added', value: 'by an odd path' }]
  return [
    { method: 'DELETE', path },
    { method: 'PATCH', path, body: patch, type: PATCH_TYPE },
    { method: 'PUT', path: `${path}/file`, body: 'data', type: 'application/octet-stream' },
    { method: 'PUT', path: `${path}/stage`, body: 'data', type: 'application/octet-stream' },
    { method: 'POST', path: `${path}/import`, body: { method: { name: 'glance-direct' } } },
    { method: 'POST', path: `${path}/actions/deactivate` },
    { method: 'POST', path: `${path}/actions/reactivate` },
    { method: 'PUT', path: `${path}/tags/${tag}` },
    { method: 'DELETE', path: `${path}/tags/${tag}` },
    { method: 'POST', path: `${path}/members`, body: { member: 'another' } },
    { method: 'PUT', path: `${path}/members/${member}`, body: { status: 'accepted' } },
    { method: 'DELETE', path: `${path}/members/${member}` },
  ]
}

/** The same path and body with every other method, too. */
export function everyMethod(written: Written): readonly Written[] {
  return (['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) => ({ ...written, method }))
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** Sends the path as it is. @param base such as `http://127.0.0.1:8774` @returns the status */
export function sendRaw(
  base: string,
  path: string,
  written: Written,
  token: string,
): Promise<number> {
  const { hostname, port, pathname } = new URL(base)
  const { method, body, type = 'application/json' } = written
  const bytes = Buffer.from(
    typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body),
  )
  return new Promise((resolve, reject) => {
    const headers = {
      'x-auth-token': token,
      'content-length': bytes.length,
      ...(body === undefined ? {} : { 'content-type': type }),
    }
    const prefix = pathname === '/' ? '' : pathname
    const sent = request(
      { host: hostname, port, method, path: prefix + path, headers, agent },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode ?? 0))
        answer.once('error', reject)
      },
    )
    sent.once('error', reject)
    sent.end(bytes)
  })
}
