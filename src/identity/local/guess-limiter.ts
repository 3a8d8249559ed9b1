import { addressGroup } from '../../limits/address-group.ts'

/** Wrong passwords without a delay, for one account from one address... */
export const FREE_FAILURES_PER_PAIR = 5
/** ...for one account from all addresses... */
export const FREE_FAILURES_PER_ACCOUNT = 25
/** ...and from one address for all accounts. */
export const FREE_FAILURES_PER_ADDRESS = 50
/** The first wait; each further failure doubles it. */
export const FIRST_WAIT_MS = 1000
/** The longest wait, so that no user is locked out for good. */
export const WAIT_MS_MAX = 60_000
/** Failures count until there has been none for this long. */
export const FORGET_AFTER_MS = 15 * 60_000
/** An address from which an account signed in within this time counts as the account's own. */
export const KNOWN_FOR_MS = 24 * 3_600_000
/** What is remembered, at most; the longest untouched goes first. */
export const REMEMBERED_MAX = 10_000

interface Failures {
  count: number
  lastMs: number
  waitUntilMs: number
}

/**
 * Slows down the guessing of passwords: by account and address together, by account (guesses from
 * many addresses) and by address (many accounts). For an account's own address only that address's
 * failures count, so a stranger elsewhere cannot lock the user out.
 */
export class GuessLimiter {
  readonly #now: () => number
  readonly #failures = new Map<string, Failures>()
  readonly #knownSinceMs = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Milliseconds to wait before the next attempt; 0 means go on. */
  waitMs(account: string, address: string): number {
    const keys = keysOf(account, address)
    const pairMs = this.#waitMsOf(keys.pair)
    if (this.#isKnown(keys.pair)) return pairMs
    return Math.max(pairMs, this.#waitMsOf(keys.account), this.#waitMsOf(keys.address))
  }

  failed(account: string, address: string): void {
    const keys = keysOf(account, address)
    const count = this.#count(keys.pair, FREE_FAILURES_PER_PAIR)
    // One stale script must not shut out everybody beside it: after its own limit it counts alone.
    if (count > FREE_FAILURES_PER_PAIR || this.#isKnown(keys.pair)) return
    this.#count(keys.account, FREE_FAILURES_PER_ACCOUNT)
    this.#count(keys.address, FREE_FAILURES_PER_ADDRESS)
  }

  /**
   * Does not reset the counts of the address or the account alone: an attacker may own an account.
   */
  succeeded(account: string, address: string): void {
    const { pair } = keysOf(account, address)
    this.#failures.delete(pair)
    remember(this.#knownSinceMs, pair, this.#now())
  }

  #isKnown(pair: string): boolean {
    return this.#now() - (this.#knownSinceMs.get(pair) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR_MS
  }

  #waitMsOf(key: string): number {
    return Math.max(0, (this.#failures.get(key)?.waitUntilMs ?? 0) - this.#now())
  }

  /** @returns how many failures there are now. */
  #count(key: string, free: number): number {
    const nowMs = this.#now()
    const before = this.#failures.get(key)
    const fresh = before !== undefined && nowMs - before.lastMs < FORGET_AFTER_MS
    const count = (fresh ? before.count : 0) + 1
    const doublings = count - free - 1
    const waitMs = doublings < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** doublings, WAIT_MS_MAX)
    remember(this.#failures, key, { count, lastMs: nowMs, waitUntilMs: nowMs + waitMs })
    return count
  }
}

function keysOf(account: string, address: string) {
  const group = addressGroup(address)
  return { pair: `pair ${group} ${account}`, account: `account ${account}`, address: `at ${group}` }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= REMEMBERED_MAX) return
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}
