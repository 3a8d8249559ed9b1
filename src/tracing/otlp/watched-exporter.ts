import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { TROUBLE_LOG_MS } from './limits.ts'

type Exported = Parameters<SpanExporter['export']>[1]

/** An exporter of which somebody is told, at most once a minute, that it fails. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #onTrouble: (error: Error, spansLost: number) => void
  #spansLost = 0
  #quietUntilMs = 0

  constructor(exporter: SpanExporter, onTrouble: (error: Error, spansLost: number) => void) {
    this.#exporter = exporter
    this.#onTrouble = onTrouble
  }

  export(spans: ReadableSpan[], exported: Exported): void {
    this.#exporter.export(spans, (result) => {
      if (result.error !== undefined) this.#lost(spans.length, result.error)
      exported(result)
    })
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #lost(spans: number, error: Error): void {
    this.#spansLost += spans
    if (performance.now() < this.#quietUntilMs) return
    this.#quietUntilMs = performance.now() + TROUBLE_LOG_MS
    this.#onTrouble(error, this.#spansLost)
    this.#spansLost = 0
  }
}
