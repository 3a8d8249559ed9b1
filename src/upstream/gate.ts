import { Turns } from '../limits/turns.ts'
import { UpstreamFault } from './fault.ts'

interface Waiter {
  begin(): void
  refuse(detail: string): void
}

/**
 * Limits the requests at once and the number that wait. Callers take turns, and in a full queue the
 * one with most requests gives way.
 */
export class Gate {
  readonly #name: string
  readonly #concurrentMax: number
  readonly #queueMax: number
  readonly #turns = new Turns<Waiter>()
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
    return this.#turns.size
  }

  /**
   * Takes a place; give it back with `leave`.
   * @param caller whose turn it takes
   * @returns undefined if it was free at once.
   * @throws UpstreamFault 'overloaded', 'aborted'
   */
  enter(
    caller: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    if (signal?.aborted) return Promise.reject(this.#aborted())
    if (this.#running < this.#concurrentMax) {
      this.#running += 1
      return undefined
    }
    if (this.#turns.size >= this.#queueMax) {
      const detail = `${this.#queueMax} requests wait already`
      const turnedAway = this.#turns.makeRoom(caller)
      if (turnedAway === undefined) return Promise.reject(this.#overloaded(detail))
      turnedAway.refuse(detail)
    }
    return this.#wait(caller, timeoutMs, signal)
  }

  leave(): void {
    const next = this.#turns.next()
    // A place is passed on directly, so that no newcomer takes it.
    if (next === undefined) this.#running -= 1
    else next.begin()
  }

  #wait(caller: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#turns.delete(caller, waiter)
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        begin: () => {
          stop()
          resolve()
        },
        refuse: (detail) => {
          stop()
          reject(this.#overloaded(detail))
        },
      }
      const abort = () => {
        stop()
        reject(this.#aborted())
      }
      const inVain = `no place in ${Math.round(timeoutMs)} ms`
      const timer = setTimeout(() => waiter.refuse(inVain), timeoutMs)
      signal?.addEventListener('abort', abort, { once: true })
      this.#turns.add(caller, waiter)
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
