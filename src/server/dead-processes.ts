import type { FastifyBaseLogger } from 'fastify'

const LOOK_EVERY_MS = 30_000

/**
 * Looks now and then for processes that died over the same data folder, so that what they left is
 * put right though none of them starts again.
 */
export class DeadProcesses implements AsyncDisposable {
  readonly #recover: () => Promise<void>
  readonly #logger: Pick<FastifyBaseLogger, 'warn'>
  readonly #timer: NodeJS.Timeout
  #round: Promise<void> | undefined
  #isTold = false

  constructor(recover: () => Promise<void>, logger: Pick<FastifyBaseLogger, 'warn'>) {
    this.#recover = recover
    this.#logger = logger
    this.#timer = setInterval(() => {
      this.#round ??= this.#look().finally(() => {
        this.#round = undefined
      })
    }, LOOK_EVERY_MS).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  async #look(): Promise<void> {
    try {
      await this.#recover()
      this.#isTold = false
    } catch (err) {
      if (!this.#isTold) this.#logger.warn({ err }, 'what a dead process left stays for now')
      this.#isTold = true
    }
  }
}
