import { UpstreamFault } from './fault.ts'
import type { UpstreamLimits } from './limits.ts'

/**
 * Notices a service that hangs. After some requests in a row without a byte of an answer, the others
 * are refused at once, and one at a time is let through as a probe until the service answers again.
 */
export class Breaker {
  readonly #name: string
  readonly #hangsMax: number
  readonly #retryAfterS: number
  #hangs = 0
  /** How often the service was found to hang. */
  breaks = 0
  /** On the clock of `performance.now()`. */
  #aliveAtMs = 0
  #isProbing = false

  constructor(name: string, { hangsMax, firstByteTimeoutMs }: UpstreamLimits) {
    this.#name = name
    this.#hangsMax = hangsMax
    // By then the probe that is under way has ended.
    this.#retryAfterS = Math.ceil(firstByteTimeoutMs / 1000)
  }

  get isOpen(): boolean {
    return this.#hangs >= this.#hangsMax
  }

  /** @returns whether the request is the probe; then end it with `endProbe`. @throws UpstreamFault */
  enter(): boolean {
    if (!this.isOpen) return false
    if (this.#isProbing) throw this.refusal()
    this.#isProbing = true
    return true
  }

  endProbe(): void {
    this.#isProbing = false
  }

  /** The service gave a sign of life, be it a fault. */
  sawLife(): void {
    this.#hangs = 0
    this.#aliveAtMs = performance.now()
  }

  /** A request got no byte; a later one may have been answered since it was made. */
  sawHang(sinceMs: number): void {
    if (sinceMs < this.#aliveAtMs) return
    this.#hangs += 1
    if (this.#hangs === this.#hangsMax) this.breaks += 1
  }

  refusal(): UpstreamFault {
    const message = `${this.#name} has stopped answering.`
    const detail = `no answer to ${this.#hangs} requests in a row`
    return new UpstreamFault('overloaded', message, detail, this.#retryAfterS)
  }
}
