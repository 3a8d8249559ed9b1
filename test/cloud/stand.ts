/**
 * A whole Afterimage in front of a Glance, a Keystone and a Nova with chosen behaviours.
 *
 *   await using stand = await startStand(t)
 *   stand.glance.behave(hang())
 *   const answer = await stand.ask('images/detail')
 */
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { type Flags, loadConfig } from '../../src/config/load.ts'
import { type RunningInFront, startInFront } from '../../src/server/serve-cloud.ts'
import {
  type Choose,
  type FakeUpstream,
  fakeUpstream,
  json,
  page,
  status,
} from '../upstream/fake-upstream.ts'

export const PROJECT = '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f'
export const TOKEN = 'gAAAAA-token-of-demo'
export const IMAGE_ID = '00000000-0000-4000-8000-000000000001'
/** Where callers find the Image service, as their token's catalogue says. */
export const PUBLIC_IMAGE = 'http://image.public.test'

export interface Stand extends AsyncDisposable {
  readonly running: RunningInFront
  readonly glance: FakeUpstream
  readonly keystone: FakeUpstream
  /** What was logged, a line each. */
  readonly log: string[]
  /** A request by `demo`; a path without a slash at its start is below `/v2.1/PROJECT`. */
  ask(path: string, init?: RequestInit): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
  readonly durationMs: number
}

/** Deadlines that a test can wait for. */
export const SHORT: Flags = {
  'upstream.connectTimeoutMs': '300',
  'upstream.firstByteTimeoutMs': '400',
  'upstream.answerTimeoutMs': '800',
}

export interface StandOptions {
  readonly flags?: Flags
  readonly isGlanceAlone?: boolean
  /** Both speak TLS with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

export async function startStand(t: TestContext, options: StandOptions = {}): Promise<Stand> {
  const tls = options.tls === undefined ? {} : { tls: options.tls }
  const glance = await fakeUpstream(t, tls)
  const keystone = await fakeUpstream(t, tls)
  glance.behave(goodGlance)
  keystone.behave(goodKeystone)
  const { config, secrets } = loadConfig({
    flags: {
      'compute.port': '0',
      'glance.url': glance.url,
      ...(options.isGlanceAlone ? {} : { 'keystone.url': keystone.url }),
      'log.level': 'info',
      ...SHORT,
      ...options.flags,
    },
    environment: {},
    cwd: '/',
  })
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => log.push(line) })
  const running = await startInFront({ config, secrets, logger })
  return {
    running,
    glance,
    keystone,
    log,
    ask: (path, init) => ask(running.url, path, init),
    [Symbol.asyncDispose]: () => running.close(),
  }
}

async function ask(base: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const startMs = performance.now()
  const url = path.startsWith('/') ? `${base}${path}` : `${base}/v2.1/${PROJECT}/${path}`
  const headers = { 'x-auth-token': TOKEN, ...(init.headers as Record<string, string>) }
  const response = await fetch(url, { redirect: 'manual', ...init, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : undefined,
    durationMs: performance.now() - startMs,
  }
}

/** An image as Glance prints it. */
export function row(id: string, fields: Readonly<Record<string, unknown>> = {}): object {
  return {
    id,
    name: `image ${id.slice(-2)}`,
    status: 'active',
    visibility: 'public',
    owner: PROJECT,
    size: 1000,
    min_ram: 0,
    min_disk: 0,
    protected: false,
    os_hidden: false,
    tags: [],
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...fields,
  }
}

/** One image, for everybody. */
export const goodGlance: Choose = ({ method, path }) => {
  if (path === '/v2/images') return page([row(IMAGE_ID)])
  if (path === '/versions') return json(200, { versions: [] })
  if (path !== `/v2/images/${IMAGE_ID}`) return status(404)
  return method === 'DELETE' ? status(204) : json(200, row(IMAGE_ID))
}

/** Knows the token of `demo`, and no other. */
export const goodKeystone: Choose = ({ headers, path }) => {
  if (path === '/v3') return json(200, { version: {} })
  return headers['x-subject-token'] === TOKEN ? json(200, tokenDocument()) : status(404)
}

export function tokenDocument(fields: Readonly<Record<string, unknown>> = {}): object {
  return {
    token: {
      user: { id: 'demo-user', name: 'demo' },
      project: { id: PROJECT, name: 'demo' },
      roles: [{ name: 'member' }, { name: 'reader' }],
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      catalog: [
        {
          type: 'image',
          endpoints: [
            { interface: 'internal', region: 'one', url: 'http://image.internal.test' },
            { interface: 'public', region: 'one', url: `${PUBLIC_IMAGE}/v2` },
          ],
        },
      ],
      ...fields,
    },
  }
}
