import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type ComputeDependencies, computeFace } from '../../../src/api/compute/face.ts'
import { trustedProxyList } from '../../../src/api/request/base-url.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import type { Caller, Identity } from '../../../src/identity/identity.ts'
import { readDocument } from '../../../src/image/document.ts'
import type { Image } from '../../../src/image/image.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'

export const DEMO = '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f'
export const ALT = '1a2b3c4d5e6f708192a3b4c5d6e7f809'
/** The project of the documented page's example. */
export const DOCUMENTED = 'd9ebe43510414ef590a4aa158605329e'

const ROLES: Readonly<Record<string, readonly string[]>> = {
  demo: ['member'],
  alt: ['member'],
  reader: ['reader'],
  admin: ['admin'],
  unscoped: [],
  documented: ['member'],
}

const PROJECTS: Readonly<Record<string, string | null>> = {
  alt: ALT,
  admin: 'ad',
  unscoped: null,
  documented: DOCUMENTED,
}

/** Tokens are the names of who they are for; every other token is unknown. */
export const users: Identity = {
  async authenticate(token: string): Promise<Caller | undefined> {
    const roles = ROLES[token]
    if (roles === undefined) return undefined
    const project = PROJECTS[token]
    return {
      userId: token,
      projectId: project === undefined ? DEMO : project,
      roles,
      isAdmin: roles.includes('admin'),
      mayWrite: roles.includes('admin') || roles.includes('member'),
      expiresAtMs: Number.POSITIVE_INFINITY,
    }
  },
}

export interface TestServer extends AsyncDisposable {
  readonly app: FastifyInstance
  /** A request by `demo`, unless headers say otherwise; no socket is used. */
  ask(url: string, options?: AskOptions): Promise<TestAnswer>
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly text: string
  readonly json: unknown
}

/** A Compute server over a catalogue, or over a fresh embedded one that holds the images. */
export async function startServer(
  content: readonly Image[] | Catalogue,
  identity: Identity = users,
  settings: Partial<ComputeDependencies> = {},
): Promise<TestServer> {
  const database = new Database(':memory:')
  let catalogue: Catalogue
  if ('list' in content) catalogue = content
  else {
    const store = openSqliteCatalogue(database)
    await store.putImages(content)
    catalogue = store
  }
  const face = computeFace({
    baseUrl: { publicUrl: undefined, trustedProxies: trustedProxyList([]) },
    image: { publicUrl: 'http://image.test', port: () => 9292 },
    identity: { publicUrl: 'http://identity.test', port: () => 5000 },
    users: identity,
    catalogueFor: () => catalogue,
    ...settings,
  })
  const app = createHttpServer(face, pino({ level: 'silent' }))
  return {
    app,
    async ask(url, { method = 'GET', headers = {}, body } = {}) {
      const response = await app.inject({
        method: method as 'GET',
        url,
        headers: { host: 'compute.test', 'x-auth-token': 'demo', ...headers },
        ...(body === undefined ? {} : { payload: body }),
      })
      const { statusCode: status, payload: text } = response
      const isJson = String(response.headers['content-type']).includes('json') && text !== ''
      return {
        status,
        headers: response.headers,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      database.close()
    },
  }
}

let made = 0

/** An image of `demo`, a minute younger than the one made before. */
export function makeImage(fields: Record<string, unknown> = {}): Image {
  made += 1
  const created = new Date(1_600_000_000_000 + made * 60_000).toISOString()
  return readDocument({
    id: `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
    name: `image-${made}`,
    status: 'active',
    visibility: 'private',
    owner: DEMO,
    size: 1000,
    created_at: created,
    updated_at: created,
    ...fields,
  })
}
