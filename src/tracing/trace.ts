/**
 * The port to whatever records traces. Without a tracer there is none of this but a `Trace` without
 * `begin`, made of a caller's own headers, so that a caller's trace goes on at other services.
 */

/** What a span says: words of bounded sets, numbers and ids; never a token, a query or free text. */
export type Attributes = Readonly<Record<string, string | number | undefined>>

/** A place in a trace, under which something is done. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** `traceparent`, and `tracestate` if there is one, for a request to another service. */
  readonly headers: Readonly<Record<string, string>>
  /** Begins a span; absent where nothing is recorded. */
  readonly begin?: (name: string, kind: SpanKind, attributes?: Attributes) => Span
}

/** 'client': a request to another service. */
export type SpanKind = 'internal' | 'client'

export interface Span {
  /** For what is done within it. */
  readonly trace: Trace
  /** The first call counts. */
  end(what?: SpanEnd): void
}

export interface SpanEnd {
  /** In place of the one that it began with. */
  readonly name?: string
  readonly attributes?: Attributes
  readonly isFailed?: boolean
}

/** The span of a whole request; it has no `end` where it is not recorded. */
export type RequestSpan = Pick<Span, 'trace'> & Partial<Pick<Span, 'end'>>

export interface Tracer {
  /** Begins the trace of a request, or goes on with the caller's. */
  begin(from: Trace | undefined): RequestSpan
  /** Sends what has not been sent, in bounded time; nothing is recorded afterwards. */
  close(): Promise<void>
}

/** Does `work` within a span of its own, where spans are recorded. */
export function within<T>(
  trace: Trace | undefined,
  name: string,
  work: (trace: Trace | undefined) => Promise<T>,
): Promise<T> {
  const span = trace?.begin?.(name, 'internal')
  return span === undefined ? work(trace) : workWithin(span, work)
}

async function workWithin<T>(span: Span, work: (trace: Trace) => Promise<T>): Promise<T> {
  try {
    const result = await work(span.trace)
    span.end()
    return result
  } catch (error) {
    span.end(failureOf(error))
    throw error
  }
}

/** How a span ends by an error: with the error's code or class, never with its text. */
export function failureOf(error: unknown): SpanEnd {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  const type = typeof code === 'string' ? code : name
  return { attributes: { 'error.type': String(type ?? 'unknown') }, isFailed: true }
}
