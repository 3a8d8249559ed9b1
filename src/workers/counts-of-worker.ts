import type { Attempts } from '../identity/local/attempts.ts'
import type { CallerCounters, GiveBack } from '../limits/caller-counters.ts'
import type { Standing } from '../limits/token-buckets.ts'
import { AttemptsOfWorker } from './attempts-of-worker.ts'
import type { Answered, Asked } from './messages.ts'

/** What is counted for all workers together. */
export interface Counts {
  readonly attempts: Attempts
  readonly callers: CallerCounters
}

/** For a worker that has not heard yet that the limit is gone. */
const UNLIMITED: Standing = { isAllowed: true, remaining: 0, fullAfterS: 0, retryAfterS: 0 }

/** Answers what one worker asks of the counts. */
export class CountsOfWorker {
  readonly #counts: Counts
  readonly #answer: (answered: Answered) => void
  readonly #attempts: AttemptsOfWorker
  readonly #held = new Map<number, GiveBack>()

  constructor(counts: Counts, answer: (answered: Answered) => void) {
    this.#counts = counts
    this.#answer = answer
    this.#attempts = new AttemptsOfWorker(counts.attempts, answer)
  }

  async hear(asked: Asked): Promise<void> {
    const { id } = asked
    switch (asked.kind) {
      case 'attempt':
        return this.#attempts.begin(id, asked)
      case 'outcome':
        this.#attempts.end(id, asked.isRight)
        return
      case 'count': {
        const counted = await this.#counts.callers[asked.rate]?.take(asked.caller)
        this.#answer({ kind: 'counted', id, standing: counted ?? UNLIMITED })
        return
      }
      case 'hold': {
        const holdings = this.#counts.callers[asked.what]
        const giveBack =
          holdings === undefined ? () => undefined : await holdings.take(asked.caller)
        if (giveBack !== undefined) this.#held.set(id, giveBack)
        this.#answer({ kind: 'held', id, isHeld: giveBack !== undefined })
        return
      }
      case 'give_back':
        this.#held.get(id)?.()
        this.#held.delete(id)
    }
  }

  /** The worker has ended, and with it all that it was at. */
  close(): void {
    this.#attempts.close()
    for (const giveBack of this.#held.values()) giveBack()
    this.#held.clear()
  }
}
