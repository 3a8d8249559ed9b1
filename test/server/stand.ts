import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Elsewhere } from '../../src/api/compute/elsewhere.ts'
import { computeFace } from '../../src/api/compute/face.ts'
import { trustedProxyList } from '../../src/api/request/base-url.ts'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { CatalogueFault } from '../../src/catalogue/faults.ts'
import type { KeyPair } from '../../src/config/key-pair.ts'
import type { Caller, Identity } from '../../src/identity/identity.ts'
import type { Image } from '../../src/image/image.ts'
import { compareInList } from '../../src/image/order.ts'
import { matches } from '../../src/image/query.ts'
import { isListed } from '../../src/image/visibility.ts'
import type { CallerGate } from '../../src/server/caller-gate.ts'
import type { Compression } from '../../src/server/compression/compression.ts'
import { createHttpServer } from '../../src/server/http-server.ts'
import type { ServerLimits } from '../../src/server/limits.ts'
import type { Readiness } from '../../src/server/readiness.ts'
import type { RequestGate } from '../../src/server/request-gate.ts'
import type { RequestLog } from '../../src/server/request-log.ts'
import type { Tracer } from '../../src/tracing/trace.ts'

/** A Compute server over a catalogue that a test can make fail, and one token, `good`. */

export const PROJECT = 'd9ebe43510414ef590a4aa158605329e'
export const TOKEN = 'good'
export const IMAGE_ID = 'ee10f19c-503c-44af-af2f-73d5e42f7a17'
/** Request line and headers that reach the list of one image. */
export const LIST = `/v2.1/${PROJECT}/images/detail`

const MEMBER: Caller = {
  userId: 'u',
  projectId: PROJECT,
  roles: ['member'],
  isAdmin: false,
  mayWrite: true,
  expiresAtMs: Number.POSITIVE_INFINITY,
}

export const users: Identity = {
  authenticate: async (token) => (token === TOKEN ? MEMBER : undefined),
}

/** @param index tells images apart; 0 has the id IMAGE_ID. */
export function makeImage(index = 0, fields: Partial<Image> = {}): Image {
  const tail = index.toString(16).padStart(12, '0')
  return {
    id: index === 0 ? IMAGE_ID : `00000000-0000-4000-8000-${tail}`,
    name: `image ${index}`,
    status: 'active',
    visibility: 'private',
    owner: PROJECT,
    isHidden: false,
    isProtected: false,
    minRamMib: 0,
    minDiskGib: 0,
    sizeBytes: 1,
    virtualSizeBytes: null,
    diskFormat: 'raw',
    containerFormat: 'bare',
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    createdAt: 1_700_000_000 - index,
    updatedAt: 1_700_000_000,
    tags: [],
    properties: new Map([['color', 'red']]),
    members: [],
    ...fields,
  }
}

export interface MapCatalogue extends Catalogue {
  readonly images: ReadonlyMap<string, Image>
}

/** Keeps images in a map. It is no model of a real catalogue: these tests are about the wire. */
export function mapCatalogue(given: readonly Image[] = [makeImage()]): MapCatalogue {
  const images = new Map(given.map((image) => [image.id, image]))
  let version = 0
  const find = (id: string): Image => {
    const image = images.get(id)
    if (image === undefined) throw new CatalogueFault('image.not_found', 'Image not found.')
    return image
  }
  return {
    images,
    async *list(viewer, query, { limit, marker }) {
      const after = marker === undefined ? undefined : images.get(marker)
      if (marker !== undefined && after === undefined) {
        throw new CatalogueFault('marker.not_found', 'No such marker.')
      }
      yield [...images.values()]
        .filter((i) => isListed(i, viewer) && matches(i, query))
        .filter((i) => after === undefined || compareInList(i, after) > 0)
        .sort(compareInList)
        .slice(0, limit)
    },
    get: async (_viewer, id) => find(id),
    changeProperties: async (_viewer, id, { remove, set }) => {
      const image = find(id)
      const kept = [...image.properties].filter(([key]) => remove !== 'all' && !remove.has(key))
      const changed = { ...image, properties: new Map([...kept, ...set]) }
      images.set(id, changed)
      version += 1
      return changed
    },
    delete: async (_viewer, id) => {
      images.delete(find(id).id)
      version += 1
    },
    version: () => version,
  }
}

export interface Settings {
  readonly catalogue?: Catalogue
  readonly users?: Identity
  readonly limits?: Partial<ServerLimits>
  readonly readiness?: Readiness
  readonly gate?: RequestGate
  readonly callers?: CallerGate
  readonly elsewhere?: Elsewhere
  readonly publicUrl?: string
  readonly trustedProxies?: readonly string[]
  readonly compression?: Compression
  readonly keyPair?: KeyPair
  readonly requestLog?: RequestLog
  readonly tracer?: Tracer
  /** Takes what the server logs, a line each. */
  readonly log?: string[]
}

export interface Stand {
  readonly app: FastifyInstance
  readonly port: number
  close(): Promise<void>
}

export async function startServer(settings: Settings = {}): Promise<Stand> {
  const catalogue = settings.catalogue ?? mapCatalogue()
  const face = computeFace({
    baseUrl: {
      publicUrl: settings.publicUrl,
      trustedProxies: trustedProxyList(settings.trustedProxies ?? []),
    },
    image: { publicUrl: undefined, port: () => 9292 },
    identity: { publicUrl: undefined, port: () => 5000 },
    users: settings.users ?? users,
    catalogueFor: () => catalogue,
    ...(settings.callers === undefined ? {} : { callerLimits: settings.callers }),
    ...(settings.elsewhere === undefined ? {} : { elsewhere: settings.elsewhere }),
  })
  const lines = settings.log
  const logger =
    lines === undefined
      ? pino({ level: 'silent' })
      : pino({}, { write: (line) => lines.push(line) })
  const app = createHttpServer(face, logger, settings.limits, settings)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const close = async () => {
    app.server.closeAllConnections()
    await app.close()
  }
  return { app, port, close }
}

/** A request as text. A header whose value is undefined is left out. */
export function request(
  method: string,
  target: string,
  headers: Readonly<Record<string, string | undefined>> = {},
  body = '',
): string {
  const all = { Host: 'cloud.test', 'X-Auth-Token': TOKEN, ...headers }
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body, 'latin1')) }
  const lines = Object.entries({ ...length, ...all })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
