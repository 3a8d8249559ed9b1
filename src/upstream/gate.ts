import { UpstreamFault } from './fault.ts'

/** Limits the requests at once and the number that wait, first come first served. */
export class Gate {
  readonly #name: string
  readonly #concurrentMax: number
  readonly #queueMax: number
  /** In order of arrival; a Set, so that one who leaves costs nothing. */
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(name: string, concurrentMax: number, queueMax: number) {
    this.#name = name
    this.#concurrentMax = concurrentMax
    this.#queueMax = queueMax
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Takes a place; give it back with `leave`. @returns undefined if it was free at once.
   * @throws UpstreamFault 'overloaded', 'aborted'
   */
  enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (signal?.aborted) return Promise.reject(this.#aborted())
    if (this.#running < this.#concurrentMax) {
      this.#running += 1
      return undefined
    }
    if (this.#waiting.size >= this.#queueMax) {
      return Promise.reject(this.#overloaded(`${this.#queueMax} requests wait already`))
    }
    return this.#wait(timeoutMs, signal)
  }

  leave(): void {
    for (const next of this.#waiting) {
      // A place is passed on directly, so that no newcomer takes it.
      next()
      return
    }
    this.#running -= 1
  }

  #wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(next)
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const next = () => {
        stop()
        resolve()
      }
      const abort = () => {
        stop()
        reject(this.#aborted())
      }
      const timer = setTimeout(() => {
        stop()
        reject(this.#overloaded(`no place in ${Math.round(timeoutMs)} ms`))
      }, timeoutMs)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.add(next)
    })
  }

  #aborted(): UpstreamFault {
    return new UpstreamFault('aborted', `The request to ${this.#name} was given up.`)
  }

  #overloaded(detail: string): UpstreamFault {
    const message = `Too many requests to ${this.#name} are under way.`
    return new UpstreamFault('overloaded', message, detail, 1)
  }
}
