import type { Attempts, Guesser } from '../identity/local/attempts.ts'
import { SignInFault } from '../identity/token-service.ts'
import type { Answered } from './messages.ts'

type Answer = Extract<Answered, { kind: 'admitted' | 'refused' }>

/** The worker has ended before it said how an attempt ended. */
class Unknown extends Error {}

/** One worker's attempts to sign in, counted together with those of the others. */
export class AttemptsOfWorker {
  readonly #attempts: Attempts
  readonly #answer: (answer: Answer) => void
  readonly #running = new Map<number, (isRight: boolean | undefined) => void>()
  #hasEnded = false

  constructor(attempts: Attempts, answer: (answer: Answer) => void) {
    this.#attempts = attempts
    this.#answer = answer
  }

  async begin(id: number, guesser: Guesser): Promise<void> {
    try {
      await this.#attempts.make(guesser, async () => {
        const isRight = await this.#outcomeOf(id)
        if (isRight === undefined) throw new Unknown()
        return isRight ? true : undefined
      })
    } catch (error) {
      if (error instanceof Unknown) return
      if (!(error instanceof SignInFault)) throw error
      const { code, message, retryAfterSeconds } = error
      this.#answer({ kind: 'refused', id, code, message, retryAfterSeconds })
    }
  }

  end(id: number, isRight: boolean | undefined): void {
    this.#running.get(id)?.(isRight)
    this.#running.delete(id)
  }

  /** The worker has ended: nobody hears how its attempts ended, so they do not count. */
  close(): void {
    this.#hasEnded = true
    for (const id of this.#running.keys()) this.end(id, undefined)
  }

  #outcomeOf(id: number): Promise<boolean | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#running.set(id, resolve)
      this.#answer({ kind: 'admitted', id })
    })
  }
}
