import assert from 'node:assert/strict'
import { type Ending, type FakeUpstream, fakeUpstream, json } from '../upstream/fake-upstream.ts'

type Value = Readonly<Record<string, unknown>>

interface Attribute {
  readonly key: string
  readonly value: Value
}

interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code?: number }
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[]
  }[]
}

export interface CollectedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** '' for none. */
  readonly parentId: string
  readonly kind: 'internal' | 'server' | 'client'
  readonly isFailed: boolean
  readonly attributes: Value
  readonly resource: Value
}

export interface Collector {
  readonly fake: FakeUpstream
  readonly url: string
  spans(): readonly CollectedSpan[]
  /** The only span of a name. */
  span(name: string): CollectedSpan
  /** Everything that came, headers included. */
  text(): string
}

/** A collector that takes spans by OTLP over HTTP, as JSON. */
export async function startCollector(t: Ending): Promise<Collector> {
  const fake = await fakeUpstream(t)
  fake.behave(json(200, {}))
  const spans = () =>
    fake.requests
      .filter(({ method, path }) => method === 'POST' && path === '/v1/traces')
      .flatMap(({ body }) => read(JSON.parse(body) as Sent))
  return {
    fake,
    url: fake.url,
    spans,
    span(name) {
      const [found, ...more] = spans().filter((span) => span.name === name)
      const names = spans().map((span) => span.name)
      assert.ok(found !== undefined && more.length === 0, `${name} is not one of ${names}`)
      return found
    },
    text: () => fake.requests.map((request) => JSON.stringify(request)).join('\n'),
  }
}

const KINDS: Readonly<Record<number, CollectedSpan['kind']>> = {
  1: 'internal',
  2: 'server',
  3: 'client',
}
const ERROR = 2

function read({ resourceSpans }: Sent): readonly CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId ?? '',
        kind: KINDS[span.kind] ?? assert.fail(`kind ${span.kind}`),
        isFailed: span.status.code === ERROR,
        attributes: valuesOf(span.attributes),
        resource: valuesOf(resource.attributes),
      })),
    ),
  )
}

function valuesOf(attributes: readonly Attribute[]): Value {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
