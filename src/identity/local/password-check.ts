import { hash } from 'node:crypto'
import { type Reference, SignInFault } from '../token-service.ts'
import type { Account, Accounts } from './accounts.ts'
import { GuessLimiter } from './guess-limiter.ts'
import { isPassword, unmatchableHash } from './password.ts'
import { GateFull, WorkGate } from './work-gate.ts'

/** scrypt computations at once: each takes one of libuv's four threads and 32 MiB. */
const CHECKS_RUNNING_MAX = 2
/** Sign-ins that wait, about ten seconds of work; further ones get 503. */
const CHECKS_WAITING_MAX = 200
const FULL_RETRY_SECONDS = 5

/** Checks passwords: slowly on purpose, a few at a time, and more and more slowly for a guesser. */
export class PasswordCheck {
  readonly #accounts: Accounts
  readonly #limiter: GuessLimiter
  readonly #gate = new WorkGate(CHECKS_RUNNING_MAX, CHECKS_WAITING_MAX)
  readonly #nobodysHash = unmatchableHash()

  constructor(accounts: Accounts, now: () => number) {
    this.#accounts = accounts
    this.#limiter = new GuessLimiter(now)
  }

  /** undefined when the password is wrong or there is no such enabled user: both take as long. */
  async check(
    claim: { readonly user: Reference; readonly password: string },
    address: string,
  ): Promise<Account | undefined> {
    const account = this.#accounts.findUser(claim.user)
    const key = account?.id ?? hash('sha256', JSON.stringify(claim.user), 'base64url')
    this.#refuseGuessing(key, address)
    try {
      return await this.#gate.run(async () => {
        this.#refuseGuessing(key, address) // others may have failed while this one waited
        const isRight = await isPassword(claim.password, account?.passwordHash ?? this.#nobodysHash)
        if (isRight && account?.enabled) {
          this.#limiter.succeeded(key, address)
          return account
        }
        this.#limiter.failed(key, address)
        return undefined
      })
    } catch (error) {
      if (!(error instanceof GateFull)) throw error
      const message = 'Too many sign-ins are waiting; try again later.'
      throw new SignInFault('service.busy', message, FULL_RETRY_SECONDS)
    }
  }

  #refuseGuessing(account: string, address: string): void {
    const waitMs = this.#limiter.waitMs(account, address)
    if (waitMs === 0) return
    const message = 'Too many sign-ins have failed lately; try again later.'
    throw new SignInFault('attempts.throttled', message, Math.ceil(waitMs / 1000))
  }
}
