import { type IncomingHttpHeaders, request } from 'node:http'
import { type AddressInfo, BlockList } from 'node:net'
import { pino } from 'pino'
import { computeFace } from '../../../src/api/compute/face.ts'
import type { Face } from '../../../src/api/face/face.ts'
import type { ImageDependencies } from '../../../src/api/image/dependencies.ts'
import { imageFace } from '../../../src/api/image/face.ts'
import { answerCloudimages } from '../../../src/api/ims/list.ts'
import type { ManagedCatalogue } from '../../../src/catalogue/managed-catalogue.ts'
import { MemoryCatalogue } from '../../../src/catalogue/memory/memory-catalogue.ts'
import type { DeprecationPolicy } from '../../../src/deprecation/policy.ts'
import { type Caller, type Identity, IdentityUnavailable } from '../../../src/identity/identity.ts'
import type { Image } from '../../../src/image/image.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'

/** The image face over a list of images, with callers by name instead of tokens. */

export const PROJECT = 'd9ebe43510414ef590a4aa158605329e'
export const OTHER_PROJECT = '0f3f1a5e0a4b4f6c8d7e6f5a4b3c2d1e'
export const THIRD_PROJECT = '7d3a9c1e5b2f4a6d8e0c1b3a5f7d9e2c'
export const HOST = 'cloud.example:9292'

/** 2026-11-23T20:27:29Z: what the clock of every face here says. */
export const NOW_SECONDS = 1_795_465_649

export function listCatalogue(images: readonly Image[]): ManagedCatalogue {
  const catalogue = new MemoryCatalogue(() => NOW_SECONDS)
  void catalogue.putImages(images) // it holds them before this returns
  return catalogue
}

const CALLERS: Readonly<Record<string, Caller>> = {
  member: caller(PROJECT, ['member']),
  stranger: caller(OTHER_PROJECT, ['member']),
  admin: caller(OTHER_PROJECT, ['admin']),
  reader: caller(PROJECT, ['reader']),
  third: caller(THIRD_PROJECT, ['member']),
  unscoped: caller(null, []),
}

function caller(projectId: string | null, roles: readonly string[]): Caller {
  const isAdmin = roles.includes('admin')
  const mayWrite = isAdmin || roles.includes('member')
  return { userId: 'u', projectId, roles, isAdmin, mayWrite, expiresAtMs: 0 }
}

/** With the token `down` the identity service cannot be reached. */
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

/** No image here has bytes. */
const NO_DATA: ImageDependencies['data'] = {
  files: {
    claim: () => Promise.reject(new Error('no data here')),
    open: async () => undefined,
    free: async () => false,
  },
  requireFormatMatch: false,
  putRightLater: () => {},
  warn: () => {},
}

/** @param settings of the URL that links start with. */
export async function serveImages(
  catalogue: ManagedCatalogue,
  settings: { readonly publicUrl?: string } = {},
): Promise<Served> {
  const face = imageFace({
    catalogue,
    users,
    now: () => NOW_SECONDS,
    data: NO_DATA,
    cloudimages: answerCloudimages,
    baseUrl: { publicUrl: settings.publicUrl, trustedProxies: new BlockList() },
    identity: { publicUrl: undefined, port: () => 5000 },
  })
  return listen(face)
}

/** Both faces over one catalogue, as they stand in the product. */
export interface BothFaces {
  readonly image: Served
  readonly compute: Served
  close(): Promise<void>
}

export async function serveBoth(
  catalogue: ManagedCatalogue,
  deprecation?: DeprecationPolicy,
): Promise<BothFaces> {
  const image = await serveImages(catalogue)
  const face = computeFace({
    catalogueFor: () => catalogue,
    users,
    baseUrl: { publicUrl: undefined, trustedProxies: new BlockList() },
    image: { publicUrl: 'http://images.example', port: () => 0 },
    identity: { publicUrl: undefined, port: () => 0 },
    ...(deprecation === undefined ? {} : { deprecation: () => deprecation }),
  })
  const compute = await listen(face)
  const close = async () => {
    await image.close()
    await compute.close()
  }
  return { image, compute, close }
}

async function listen(face: Face): Promise<Served> {
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
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown
}

/**
 * One request, its target untouched. A member of PROJECT asks by GET, if nothing else is said; the
 * token '' sends none.
 */
export function ask(
  { port }: Served,
  path: string,
  { method = 'GET', token = 'member', headers = {}, body }: Ask = {},
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
      .end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
}
