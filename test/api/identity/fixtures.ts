import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { identityFace } from '../../../src/api/identity/face.ts'
import { trustedProxyList } from '../../../src/api/request/base-url.ts'
import type { UserService } from '../../../src/identity/application-credentials.ts'
import { createHttpServer, type ServerParts } from '../../../src/server/http-server.ts'
import { type House, house, PASSWORD } from '../../identity/fixtures.ts'

export const HOST = 'id.example:5000'

export interface FaceOptions extends ServerParts {
  readonly publicUrl?: string
  readonly computeUrl?: string
  readonly trustedProxies?: readonly string[]
}

export interface Served {
  readonly app: FastifyInstance
  /** Everything logged so far, at every level. */
  readonly log: () => string
}

export function serve(t: TestContext, users: UserService, options: FaceOptions = {}): Served {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const face = identityFace({
    users,
    ...(options.callers === undefined ? {} : { callerLimits: options.callers }),
    baseUrl: {
      publicUrl: options.publicUrl,
      trustedProxies: trustedProxyList(options.trustedProxies ?? []),
    },
    compute: { publicUrl: options.computeUrl, port: () => 8774 },
    image: { publicUrl: undefined, port: () => 9292 },
  })
  const app = createHttpServer(face, pino({ level: 'trace' }, stream), {}, options)
  t.after(() => app.close())
  return { app, log: () => lines.join('') }
}

/** A local identity with its Keystone face. */
export async function openHouse(
  t: TestContext,
  options: FaceOptions = {},
): Promise<House & Served> {
  const home = await house(t)
  return { ...home, ...serve(t, home.identity, options) }
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** A request to the face; a body that is not text or bytes is sent as JSON. */
export async function ask(app: FastifyInstance, method: string, path: string, sent: Sent = {}) {
  const payload = bytesOf(sent.body)
  const headers = {
    host: HOST,
    ...(payload === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(payload.length) }),
    ...sent.headers,
  }
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const options = { host: '127.0.0.1', port, method, path, headers, agent: false }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).on('error', reject).end(payload)
  })
  const answer = await text(response)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: answer,
    json: answer === '' ? undefined : JSON.parse(answer),
  }
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A version 3 body that signs in by password. */
export function passwordBody(name: string, scope?: unknown, password = PASSWORD) {
  const user = { name, domain: { id: 'default' }, password }
  const identity = { methods: ['password'], password: { user } }
  return { auth: { identity, ...(scope === undefined ? {} : { scope }) } }
}

export async function tokenOf(app: FastifyInstance, name: string, scope?: unknown) {
  const answer = await ask(app, 'POST', '/v3/auth/tokens', { body: passwordBody(name, scope) })
  return String(answer.headers['x-subject-token'])
}
