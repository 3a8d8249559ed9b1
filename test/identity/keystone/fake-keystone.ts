import type { TestContext } from 'node:test'
import {
  KeystoneIdentity,
  type KeystoneOptions,
} from '../../../src/identity/keystone/keystone-identity.ts'
import type { UpstreamLimits } from '../../../src/upstream/limits.ts'
import { Upstream } from '../../../src/upstream/upstream.ts'
import { type Behaviour, fakeUpstream, json } from '../../upstream/fake-upstream.ts'

export const EXPIRES = '2030-01-01T00:00:00.000000Z'
export const EXPIRES_MS = Date.parse('2030-01-01T00:00:00Z')
export const START_MS = EXPIRES_MS - 3_600_000

/**
 * A deadline that is meant to pass; a busy machine may take longer than this for other requests.
 */
export const HASTY: Partial<UpstreamLimits> = {
  firstByteTimeoutMs: 150,
  gapTimeoutMs: 150,
  answerTimeoutMs: 400,
}
const LIMITS: Partial<UpstreamLimits> = {
  backoffBaseMs: 2,
  backoffMaxMs: 5,
  answerBytesMax: 1024 * 1024,
}

export function endpoint(region: string, url: string, kind = 'public') {
  return { id: 'e', interface: kind, region_id: region, region, url }
}

/** A project-scoped token's document as Keystone prints it, with what is given put over it. */
export function tokenDocument(over: Readonly<Record<string, unknown>> = {}) {
  const images = [
    endpoint('RegionOne', 'http://internal:9292', 'internal'),
    endpoint('RegionOne', 'http://images.one:9292/v2/'),
    endpoint('RegionTwo', 'https://two.example/image/'),
  ]
  return {
    token: {
      methods: ['password'],
      user: { id: 'user-1', name: 'demo', domain: { id: 'default', name: 'Default' } },
      audit_ids: ['a'],
      expires_at: EXPIRES,
      issued_at: '2029-12-31T00:00:00.000000Z',
      project: { id: 'project-1', name: 'demo', domain: { id: 'default', name: 'Default' } },
      roles: [
        { id: 'r2', name: 'reader' },
        { id: 'r1', name: 'member' },
      ],
      catalog: [
        { id: 's', type: 'identity', name: 'keystone', endpoints: [] },
        { id: 't', type: 'image', name: 'glance', endpoints: images },
      ],
      ...over,
    },
  }
}

export function valid(over: Readonly<Record<string, unknown>> = {}): Behaviour {
  return json(200, tokenDocument(over))
}

export function refused(code = 401): Behaviour {
  return json(code, { error: { code, message: 'no', title: 'No' } })
}

/** A Keystone that answers `valid()` at first, the adapter in front of it, and its clock. */
export async function standKeystone(
  t: TestContext,
  options: Partial<KeystoneOptions> = {},
  limits: Partial<UpstreamLimits> = {},
) {
  const fake = await fakeUpstream(t)
  fake.behave(() => valid())
  const upstream = new Upstream({
    name: 'Keystone',
    urls: [fake.url],
    limits: { ...LIMITS, ...limits },
  })
  t.after(() => upstream.close())
  const clock = { nowMs: START_MS }
  const identity = new KeystoneIdentity({ upstream, now: () => clock.nowMs, ...options })
  return { fake, upstream, clock, identity }
}
