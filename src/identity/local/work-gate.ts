/** The gate's waiting room is full. */
export class GateFull extends Error {
  override readonly name = 'GateFull'
}

/** Runs a few tasks at once and lets a bounded number wait, first come first served. */
export class WorkGate {
  readonly #runningMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax
    this.#waitingMax = waitingMax
  }

  /** @throws GateFull at once when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#runningMax) this.#running += 1
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // A place is passed on directly, so that no newcomer takes it.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      return Promise.reject(new GateFull(`${this.#waitingMax} are waiting already`))
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
