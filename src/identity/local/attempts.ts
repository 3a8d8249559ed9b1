import { SignInFault } from '../token-service.ts'
import { GuessLimiter } from './guess-limiter.ts'
import { GateFull, WorkGate } from './work-gate.ts'

/** scrypt computations at once: each takes one of libuv's four threads and 32 MiB. */
const CHECKS_RUNNING_MAX = 2
/** Sign-ins that wait, about ten seconds of work; further ones get 503. */
const CHECKS_WAITING_MAX = 200
const FULL_RETRY_SECONDS = 5

/** Who tries a password. */
export interface Guesser {
  /** The account's id, or what stands for one that does not exist. */
  readonly account: string
  readonly address: string
}

/** Lets the checks of passwords in: a few at a time, and more and more slowly for a guesser. */
export interface Attempts {
  /**
   * Runs `check` when its turn has come, and counts its outcome: undefined is a wrong password. What
   * it throws is passed on, and counts as neither. @throws SignInFault
   */
  make<T>(guesser: Guesser, check: () => Promise<T | undefined>): Promise<T | undefined>
}

/** The attempts of one process, or of all for which it counts. */
export class CountedAttempts implements Attempts {
  readonly #limiter: GuessLimiter
  readonly #gate = new WorkGate(CHECKS_RUNNING_MAX, CHECKS_WAITING_MAX)

  /** @param now Unix milliseconds */
  constructor(now: () => number) {
    this.#limiter = new GuessLimiter(now)
  }

  async make<T>(guesser: Guesser, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const { account, address } = guesser
    this.#refuseGuessing(guesser)
    try {
      return await this.#gate.run(async () => {
        this.#refuseGuessing(guesser) // others may have failed while this one waited
        const found = await check()
        if (found === undefined) this.#limiter.failed(account, address)
        else this.#limiter.succeeded(account, address)
        return found
      })
    } catch (error) {
      if (!(error instanceof GateFull)) throw error
      const message = 'Too many sign-ins are waiting; try again later.'
      throw new SignInFault('service.busy', message, FULL_RETRY_SECONDS)
    }
  }

  #refuseGuessing({ account, address }: Guesser): void {
    const waitMs = this.#limiter.waitMs(account, address)
    if (waitMs === 0) return
    const message = 'Too many sign-ins have failed lately; try again later.'
    throw new SignInFault('attempts.throttled', message, Math.ceil(waitMs / 1000))
  }
}
