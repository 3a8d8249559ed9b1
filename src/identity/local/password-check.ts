import { hash } from 'node:crypto'
import type { CredentialReference, Reference } from '../token-service.ts'
import type { Account, Accounts } from './accounts.ts'
import type { ApplicationCredentials, StoredCredential } from './application-credentials.ts'
import type { Attempts } from './attempts.ts'
import { isPassword, unmatchableHash } from './password.ts'

/** A password or a secret, and whom or what it is said to be of. */
interface Guess {
  /** Whose failures these are. */
  readonly key: string
  readonly text: string
  /** undefined: of nobody, which takes as long to find out. */
  readonly storedHash: string | undefined
  /** Nothing but a wrong guess is known of one that may not sign in. */
  readonly isUsable: boolean
}

export interface PasswordCheckOptions {
  readonly attempts: Attempts
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Checks passwords, and secrets of application credentials, slowly on purpose. */
export class PasswordCheck {
  readonly #accounts: Accounts
  readonly #credentials: ApplicationCredentials
  readonly #attempts: Attempts
  readonly #now: () => number
  readonly #nobodysHash = unmatchableHash()

  constructor(
    accounts: Accounts,
    credentials: ApplicationCredentials,
    { attempts, now }: PasswordCheckOptions,
  ) {
    this.#accounts = accounts
    this.#credentials = credentials
    this.#attempts = attempts
    this.#now = now
  }

  /** undefined when the password is wrong or there is no such enabled user: both take as long. */
  async check(
    claim: { readonly user: Reference; readonly password: string },
    address: string,
  ): Promise<Account | undefined> {
    const account = this.#accounts.findUser(claim.user)
    const guess = {
      key: account?.id ?? unknownKey(claim.user),
      text: claim.password,
      storedHash: account?.passwordHash,
      isUsable: account?.enabled ?? false,
    }
    return (await this.#isRight(guess, address)) ? account : undefined
  }

  /** The same for a secret. The failures are the credential's own, so its user is not locked out. */
  async checkSecret(
    claim: { readonly credential: CredentialReference; readonly secret: string },
    address: string,
  ): Promise<StoredCredential | undefined> {
    const found = this.#findCredential(claim.credential)
    const guess = {
      key: found === undefined ? unknownKey(claim.credential) : `credential ${found.id}`,
      text: claim.secret,
      storedHash: found?.secretHash,
      isUsable: found !== undefined && this.isUsable(found),
    }
    return (await this.#isRight(guess, address)) ? found : undefined
  }

  /** It has not expired, and its user is enabled. */
  isUsable({ expiresAtMs, userId }: StoredCredential): boolean {
    if (expiresAtMs !== null && expiresAtMs <= this.#now()) return false
    return this.#accounts.user(userId)?.enabled ?? false
  }

  #findCredential(reference: CredentialReference): StoredCredential | undefined {
    if ('id' in reference) return this.#credentials.find(reference.id)
    const user = this.#accounts.findUser(reference.user)
    return user && this.#credentials.named(user.id, reference.name)
  }

  async #isRight({ key, text, storedHash, isUsable }: Guess, address: string): Promise<boolean> {
    const isRight = await this.#attempts.make({ account: key, address }, async () =>
      (await isPassword(text, storedHash ?? this.#nobodysHash)) && isUsable ? true : undefined,
    )
    return isRight === true
  }
}

function unknownKey(reference: Reference | CredentialReference): string {
  return hash('sha256', JSON.stringify(reference), 'base64url')
}
