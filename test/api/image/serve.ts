import { type IncomingHttpHeaders, request } from 'node:http'
import { type AddressInfo, BlockList } from 'node:net'
import { pino } from 'pino'
import { imageFace } from '../../../src/api/image/face.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { CatalogueFault } from '../../../src/catalogue/faults.ts'
import { type Caller, type Identity, IdentityUnavailable } from '../../../src/identity/identity.ts'
import type { Image } from '../../../src/image/image.ts'
import { compareInList } from '../../../src/image/order.ts'
import { matches } from '../../../src/image/query.ts'
import { isListed, isVisible } from '../../../src/image/visibility.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'

/** The image face over a list of images, with callers by name instead of tokens. */

export const PROJECT = 'd9ebe43510414ef590a4aa158605329e'
export const OTHER_PROJECT = '0f3f1a5e0a4b4f6c8d7e6f5a4b3c2d1e'
export const HOST = 'cloud.example:9292'

const NEVER = () => Promise.reject(new Error('not asked for here'))

export function listCatalogue(images: readonly Image[]): Catalogue {
  const sorted = images.toSorted(compareInList)
  return {
    async *list(viewer, query, { limit, after }) {
      const found = sorted
        .filter((image) => isListed(image, viewer) && matches(image, query))
        .filter((image) => after === undefined || compareInList(image, after) > 0)
        .slice(0, limit)
      for (const image of found) yield [image]
    },
    async get(viewer, id) {
      const image = images.find((i) => i.id === id && isVisible(i, viewer))
      if (image === undefined) throw new CatalogueFault('image.not_found', 'Image not found.')
      return image
    },
    changeProperties: NEVER,
    delete: NEVER,
    version: () => 1,
  }
}

const CALLERS: Readonly<Record<string, Caller>> = {
  member: caller(PROJECT, ['member']),
  stranger: caller(OTHER_PROJECT, ['member']),
  admin: caller(OTHER_PROJECT, ['admin']),
  unscoped: caller(null, []),
}

function caller(projectId: string | null, roles: readonly string[]): Caller {
  const isAdmin = roles.includes('admin')
  return { userId: 'u', projectId, roles, isAdmin, mayWrite: true, expiresAtMs: 0 }
}

/** The token `down` finds nobody to ask. */
export const users: Identity = {
  async authenticate(token) {
    if (token === 'down') throw new IdentityUnavailable('down')
    return Object.hasOwn(CALLERS, token) ? CALLERS[token] : undefined
  },
}

/** A face that listens on a free port. */
export interface Served {
  readonly port: number
  close(): Promise<void>
}

/** @param settings of the URL that links start with. */
export async function serveImages(
  catalogue: Catalogue,
  settings: { readonly publicUrl?: string } = {},
): Promise<Served> {
  const face = imageFace({
    catalogue,
    users,
    baseUrl: { publicUrl: settings.publicUrl, trustedProxies: new BlockList() },
    identity: { publicUrl: undefined, port: () => 5000 },
  })
  const app = createHttpServer(face, pino({ level: 'silent' }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

export interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body, parsed; undefined for one that is not JSON. */
  readonly json: unknown
}

export interface Ask {
  readonly method?: string
  readonly token?: string
  /** A header whose value is undefined is not sent. */
  readonly headers?: Readonly<Record<string, string | undefined>>
}

/**
 * One request, its target untouched. A member of PROJECT asks by GET, if nothing else is said; the
 * token '' sends none.
 */
export function ask(
  { port }: Served,
  path: string,
  { method = 'GET', token = 'member', headers = {} }: Ask = {},
): Promise<Response> {
  const all = {
    host: HOST,
    accept: 'application/json',
    'x-auth-token': token === '' ? undefined : token,
    ...headers,
  }
  const sent = Object.entries(all).filter(([, value]) => value !== undefined)
  const options = { host: '127.0.0.1', port, method, path, agent: false, setHost: false }
  return new Promise((resolve, reject) => {
    request({ ...options, headers: Object.fromEntries(sent) }, async (response) => {
      const text = await response.setEncoding('utf8').reduce((all, chunk) => all + chunk, '')
      const type = response.headers['content-type'] ?? ''
      const isJson = text !== '' && type.startsWith('application/json')
      const json: unknown = isJson ? JSON.parse(text) : undefined
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
    })
      .on('error', reject)
      .end()
  })
}
