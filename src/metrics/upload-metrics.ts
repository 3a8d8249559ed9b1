import { LabelCounts } from './label-counts.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

/** What becomes of image data that is received: all of it came, some did, or it was not to be kept. */
const UPLOAD_OUTCOMES = [
  'received',
  'broken_off',
  'too_large',
  'too_many',
  'no_space',
  'read_only',
  'unwritable',
] as const

export type UploadOutcome = (typeof UPLOAD_OUTCOMES)[number]

/** Counts image data that is received. */
export class UploadMetrics {
  readonly #outcomes = new LabelCounts(UPLOAD_OUTCOMES)
  #inProgress = 0
  #bytes = 0

  constructor(registry: MetricsRegistry) {
    registry.add('afterimage_uploads_in_progress', () => [{ labels: [], value: this.#inProgress }])
    registry.add('afterimage_uploads_total', () => this.#outcomes.samples())
    registry.add('afterimage_uploaded_bytes_total', () => [{ labels: [], value: this.#bytes }])
  }

  began(): void {
    this.#inProgress += 1
  }

  /** One that did not begin. */
  refused(): void {
    this.#outcomes.add('too_many')
  }

  came(bytes: number): void {
    this.#bytes += bytes
  }

  /** To be called once for each that began. */
  ended(outcome: UploadOutcome): void {
    this.#inProgress -= 1
    this.#outcomes.add(outcome)
  }
}
