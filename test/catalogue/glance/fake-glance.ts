import type { TestContext } from 'node:test'
import type { Asker, Catalogue } from '../../../src/catalogue/catalogue.ts'
import { type GlanceOptions, openGlance } from '../../../src/catalogue/glance/glance-catalogue.ts'
import { writeDocument } from '../../../src/image/document.ts'
import type { Image } from '../../../src/image/image.ts'
import type { UpstreamLimits } from '../../../src/upstream/limits.ts'
import { Upstream } from '../../../src/upstream/upstream.ts'
import {
  type Behaviour,
  type FakeUpstream,
  fakeUpstream,
  page,
  type SeenRequest,
  status,
} from '../../upstream/fake-upstream.ts'

export const ASKER: Asker = {
  token: 'the-token',
  userId: 'user',
  projectId: 'own',
  roles: ['member'],
  requestId: 'req-00000000-0000-4000-8000-000000000000',
}

export interface Stand {
  readonly fake: FakeUpstream
  readonly upstream: Upstream
  readonly catalogue: Catalogue
}

/** A catalogue over a fake Glance; both are gone after the test. */
export async function stand(
  t: TestContext,
  options: Partial<GlanceOptions> = {},
  limits: Partial<UpstreamLimits> = {},
): Promise<Stand> {
  const fake = await fakeUpstream(t)
  const upstream = new Upstream({
    name: 'Glance',
    urls: [fake.url],
    limits: { backoffBaseMs: 1, ...limits },
  })
  t.after(() => upstream.close())
  const catalogue = openGlance(upstream, { areViewersKnown: true, ...options })(ASKER)
  return { fake, upstream, catalogue }
}

/** Lists of these images, newest first as they are given, in pages as Glance makes them. */
export function listing(
  images: readonly Image[],
  pageRowsMax = 1000,
): (r: SeenRequest) => Behaviour {
  return ({ query }) => {
    const parameters = new URLSearchParams(query)
    const marker = parameters.get('marker')
    const at = marker === null ? -1 : images.findIndex(({ id }) => id === marker)
    if (marker !== null && at < 0) return status(400)
    const limit = Math.min(Number(parameters.get('limit') ?? 25), pageRowsMax)
    const [, since] = /^gte:(.+)$/.exec(parameters.get('created_at') ?? '') ?? []
    const sinceSeconds = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since) / 1000
    const rows = images
      .slice(at + 1)
      .filter(({ createdAt }) => createdAt >= sinceSeconds)
      .slice(0, limit)
    const last = rows.at(-1)
    const next = rows.length === limit && last ? `/v2/images?limit=9&marker=${last.id}` : undefined
    return page(rows.map(writeDocument), next)
  }
}

export function parametersOf({ query }: SeenRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query))
}
