import type { Attempts, Guesser } from '../identity/local/attempts.ts'
import { SignInFault } from '../identity/token-service.ts'
import type { FromWorker, ToWorker } from './messages.ts'

type Said = Extract<FromWorker<unknown>, { kind: 'attempt' | 'outcome' }>
type Heard = Extract<ToWorker<unknown>, { kind: 'admitted' | 'refused' }>

/**
 * The attempts of a worker: the process that started it lets them in and counts them, so that the
 * limits hold for all workers together.
 */
export class SharedAttempts implements Attempts {
  readonly #say: (said: Said) => void
  readonly #waiting = new Map<number, (heard: Heard) => void>()
  #lastId = 0

  constructor(say: (said: Said) => void) {
    this.#say = say
  }

  async make<T>(
    { account, address }: Guesser,
    check: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    this.#lastId += 1
    const id = this.#lastId
    const heard = await new Promise<Heard>((resolve) => {
      this.#waiting.set(id, resolve)
      this.#say({ kind: 'attempt', id, account, address })
    })
    if (heard.kind === 'refused') {
      throw new SignInFault(heard.code, heard.message, heard.retryAfterSeconds)
    }
    let isRight: boolean | undefined
    try {
      const found = await check()
      isRight = found !== undefined
      return found
    } finally {
      this.#say({ kind: 'outcome', id, isRight })
    }
  }

  hear(heard: Heard): void {
    this.#waiting.get(heard.id)?.(heard)
    this.#waiting.delete(heard.id)
  }
}
