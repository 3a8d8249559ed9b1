import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { hostname } from 'node:os'
import {
  createTraceState,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  SpanKind as SdkSpanKind,
  type Tracer as SdkTracer,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  trace as traceApi,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Attributes, RequestSpan, Span, SpanEnd, SpanKind, Trace, Tracer } from '../trace.ts'
import {
  ATTRIBUTE_CHARACTERS_MAX,
  CONNECTIONS_MAX,
  EXPORT_DELAY_MS,
  OTLP_TIMEOUTS,
  type OtlpTimeouts,
  PROCESSOR_SLACK_MS,
  QUEUED_SPANS_MAX,
  SPANS_PER_EXPORT_MAX,
} from './limits.ts'
import { WatchedExporter } from './watched-exporter.ts'

export interface OtlpTracerOptions {
  /** Of the collector: its base, or the address for traces itself. */
  readonly url: string
  /** Of the traces that begin here, how many are recorded: 0 to 1. */
  readonly sampleRatio: number
  /** Told that spans were lost, at most once a minute. */
  readonly onTrouble: (error: Error, spansLost: number) => void
  readonly timeouts?: Partial<OtlpTimeouts>
}

const TRACES_PATH = '/v1/traces'
const KINDS: Readonly<Record<SpanKind, SdkSpanKind>> = {
  internal: SdkSpanKind.INTERNAL,
  client: SdkSpanKind.CLIENT,
}

/** Records spans by OpenTelemetry's SDK, and sends them to a collector. */
export class OtlpTracer implements Tracer {
  readonly #provider: TracerProvider
  readonly #tracer: SdkTracer
  readonly #agent: HttpAgent
  readonly #timeouts: OtlpTimeouts

  constructor({ url, sampleRatio, onTrouble, timeouts }: OtlpTracerOptions) {
    this.#timeouts = { ...OTLP_TIMEOUTS, ...timeouts }
    const { exportTimeoutMs } = this.#timeouts
    const settings = { keepAlive: true, maxSockets: CONNECTIONS_MAX }
    this.#agent = url.startsWith('https:') ? new HttpsAgent(settings) : new HttpAgent(settings)
    const exporter = new OTLPTraceExporter({
      url: url.endsWith(TRACES_PATH) ? url : `${url}${TRACES_PATH}`,
      timeoutMillis: exportTimeoutMs,
      httpAgentOptions: () => this.#agent,
    })
    const processor = new BatchSpanProcessor({
      exporter: new WatchedExporter(exporter, onTrouble),
      maxQueueSize: QUEUED_SPANS_MAX,
      maxExportBatchSize: SPANS_PER_EXPORT_MAX,
      scheduledDelayMillis: EXPORT_DELAY_MS,
      exportTimeoutMillis: exportTimeoutMs + PROCESSOR_SLACK_MS,
    })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': 'afterimage',
        'service.instance.id': `${hostname()}:${process.pid}`,
        'process.pid': process.pid,
      }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
      spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARACTERS_MAX },
      spanProcessors: [processor],
    })
    this.#tracer = this.#provider.getTracer('afterimage')
  }

  begin(from: Trace | undefined): RequestSpan {
    const parent = from === undefined ? ROOT_CONTEXT : contextOf(callersContext(from))
    const span = this.#tracer.startSpan('request', { kind: SdkSpanKind.SERVER }, parent)
    const state = from?.headers['tracestate']
    if (span.isRecording()) return this.#recorded(span, state)
    // Nobody will see this span, so other services must not name it as their parent.
    return { trace: from ?? placeOf(span.spanContext(), state) }
  }

  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#timeouts.closeTimeoutMs)
    // What could not be sent has been told.
    const sent = this.#provider.shutdown().catch(() => undefined)
    await Promise.race([sent, late])
    clearTimeout(timer)
    this.#agent.destroy()
  }

  /** @param state goes on as the caller sent it */
  #recorded(span: SdkSpan, state: string | undefined): Span {
    const context = span.spanContext()
    const begin = (name: string, kind: SpanKind, attributes: Attributes = {}) => {
      const options = { kind: KINDS[kind], attributes }
      return this.#recorded(this.#tracer.startSpan(name, options, contextOf(context)), state)
    }
    return {
      trace: { ...placeOf(context, state), begin },
      end: (what) => endSpan(span, what),
    }
  }
}

function endSpan(span: SdkSpan, { name, attributes, isFailed }: SpanEnd = {}): void {
  if (!span.isRecording()) return
  if (name !== undefined) span.updateName(name)
  if (attributes !== undefined) span.setAttributes(attributes)
  if (isFailed === true) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

function contextOf(place: SpanContext) {
  return traceApi.setSpanContext(ROOT_CONTEXT, place)
}

/** Reads what `readTrace` has checked. */
function callersContext({ traceId, headers }: Trace): SpanContext {
  const { traceparent = '', tracestate } = headers
  return {
    traceId,
    spanId: traceparent.slice(36, 52),
    traceFlags: Number.parseInt(traceparent.slice(53, 55), 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  }
}

function placeOf({ traceId, spanId, traceFlags }: SpanContext, state: string | undefined): Trace {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  const tracestate = state === undefined ? {} : { tracestate: state }
  return { traceId, headers: { traceparent, ...tracestate } }
}
