import type { Attempts, Guesser } from '../identity/local/attempts.ts'
import { SignInFault } from '../identity/token-service.ts'
import type { Questions } from './questions.ts'

/**
 * The attempts of a worker: the process that started it lets them in and counts them, so that the
 * limits hold for all workers together.
 */
export class SharedAttempts implements Attempts {
  readonly #questions: Questions

  constructor(questions: Questions) {
    this.#questions = questions
  }

  async make<T>(
    { account, address }: Guesser,
    check: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const answered = await this.#questions.ask((id) => ({ kind: 'attempt', id, account, address }))
    if (answered.kind === 'refused') {
      throw new SignInFault(answered.code, answered.message, answered.retryAfterSeconds)
    }
    let isRight: boolean | undefined
    try {
      const found = await check()
      isRight = found !== undefined
      return found
    } finally {
      this.#questions.say({ kind: 'outcome', id: answered.id, isRight })
    }
  }
}
