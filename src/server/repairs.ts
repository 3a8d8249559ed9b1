import type { FastifyBaseLogger } from 'fastify'
import type { Claim } from '../image-data/image-files.ts'

/** The wait before the first try; it doubles with each try that fails. */
const FIRST_WAIT_MS = 500
const WAIT_MS_MAX = 15_000

/**
 * Images whose rows could not be written when their data broke off, each with its claim. They are
 * put right as soon as that is possible; those that are not at the end the next start puts right.
 */
export class Repairs implements AsyncDisposable {
  readonly #repair: (id: string, claim: Claim) => Promise<void>
  readonly #logger: Pick<FastifyBaseLogger, 'warn'>
  readonly #waiting = new Map<string, Claim>()
  #waitMs = FIRST_WAIT_MS
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()
  #hasEnded = false

  /** @param repair makes row and files agree; throws while that is not possible */
  constructor(
    repair: (id: string, claim: Claim) => Promise<void>,
    logger: Pick<FastifyBaseLogger, 'warn'>,
  ) {
    this.#repair = repair
    this.#logger = logger
  }

  add(id: string, claim: Claim): void {
    if (this.#hasEnded) {
      claim.leave()
      return
    }
    this.#waiting.set(id, claim)
    this.#timer ??= this.#wait()
  }

  /** Leaves what is not put right to the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    await this.#round
    for (const claim of this.#waiting.values()) claim.leave()
    this.#waiting.clear()
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#round = this.#tryAll()
    }, this.#waitMs).unref()
  }

  async #tryAll(): Promise<void> {
    const images: string[] = []
    this.#waitMs = Math.min(2 * this.#waitMs, WAIT_MS_MAX)
    for (const [id, claim] of [...this.#waiting]) {
      if (this.#hasEnded || !(await this.#isPutRight(id, claim))) break
      images.push(id)
      this.#waitMs = FIRST_WAIT_MS
    }
    if (images.length > 0)
      this.#logger.warn({ images }, 'put right what could not be written before')
    this.#timer = this.#waiting.size === 0 || this.#hasEnded ? undefined : this.#wait()
  }

  async #isPutRight(id: string, claim: Claim): Promise<boolean> {
    this.#waiting.delete(id)
    try {
      await this.#repair(id, claim)
      await claim.release()
      return true
    } catch {
      // The log has told why, when the row could not be written at first.
      this.#waiting.set(id, claim) // behind the others: they may have no trouble
      return false
    }
  }
}
