import { hash } from 'node:crypto'
import type { Reference } from '../token-service.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Attempts } from './attempts.ts'
import { isPassword, unmatchableHash } from './password.ts'

/** Checks passwords, slowly on purpose. */
export class PasswordCheck {
  readonly #accounts: Accounts
  readonly #attempts: Attempts
  readonly #nobodysHash = unmatchableHash()

  constructor(accounts: Accounts, attempts: Attempts) {
    this.#accounts = accounts
    this.#attempts = attempts
  }

  /** undefined when the password is wrong or there is no such enabled user: both take as long. */
  check(
    claim: { readonly user: Reference; readonly password: string },
    address: string,
  ): Promise<Account | undefined> {
    const account = this.#accounts.findUser(claim.user)
    const key = account?.id ?? hash('sha256', JSON.stringify(claim.user), 'base64url')
    return this.#attempts.make({ account: key, address }, async () => {
      const isRight = await isPassword(claim.password, account?.passwordHash ?? this.#nobodysHash)
      return isRight && account?.enabled ? account : undefined
    })
  }
}
