import type { FastifyBaseLogger } from 'fastify'
import type { WriteWatch } from '../database/database.ts'
import type { FileTrouble } from '../file-trouble/file-trouble.ts'

/** While a disk is full every write fails; one line a minute says so. */
const LOG_EVERY_MS = 60_000
/**
 * How often a write is tried while there is trouble, so that its end is noticed without a caller.
 */
const TRY_EVERY_MS = 5000

/** Writes that are not kept at the moment. */
export interface WriteTrouble {
  readonly trouble: FileTrouble
  /** Unix milliseconds of the first that was not kept. */
  readonly sinceMs: number
}

/**
 * Remembers that writes to the catalogue fail, until one succeeds: for the log and for readiness.
 */
export class WriteTroubles implements WriteWatch, Disposable {
  readonly #logger: Pick<FastifyBaseLogger, 'error' | 'warn'>
  readonly #tryWrite: () => Promise<unknown>
  readonly #tryEveryMs: number
  #current: WriteTrouble | undefined
  #quietUntilMs = 0
  #timer: NodeJS.Timeout | undefined

  /** @param tryWrite makes a write without effect; called regularly while there is trouble */
  constructor(
    logger: Pick<FastifyBaseLogger, 'error' | 'warn'>,
    tryWrite: () => Promise<unknown>,
    tryEveryMs = TRY_EVERY_MS,
  ) {
    this.#logger = logger
    this.#tryWrite = tryWrite
    this.#tryEveryMs = tryEveryMs
  }

  /** The trouble that writes are in; undefined when the last one was kept. */
  current(): WriteTrouble | undefined {
    return this.#current
  }

  failed(trouble: FileTrouble): void {
    this.#current = { trouble, sinceMs: this.#current?.sinceMs ?? Date.now() }
    this.#timer ??= setInterval(() => {
      this.#tryWrite().catch(() => undefined) // the watch has been told
    }, this.#tryEveryMs).unref()
    if (performance.now() < this.#quietUntilMs) return
    this.#quietUntilMs = performance.now() + LOG_EVERY_MS
    this.#logger.error(
      { code: trouble.code, file: trouble.path },
      `writes are not kept, reading goes on: ${trouble.message}`,
    )
  }

  kept(): void {
    if (this.#current === undefined) return
    const { trouble } = this.#current
    this[Symbol.dispose]()
    this.#logger.warn({ file: trouble.path }, 'writes are kept again')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#current = undefined
  }
}
