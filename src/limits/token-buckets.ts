import { LastUsed } from './last-used.ts'

/** How many requests of one caller are taken. */
export interface Rate {
  /** In the long run. */
  readonly requestsPerMinute: number
  /** At once, by a caller who has been quiet. */
  readonly burst: number
}

/** How a caller stands after a request. */
export interface Standing {
  readonly isAllowed: boolean
  /** Requests that would be taken now. */
  readonly remaining: number
  /** Seconds until the whole burst is there again. */
  readonly fullAfterS: number
  /** Seconds until the next request is taken; 0 if one would be now. */
  readonly retryAfterS: number
}

interface Bucket {
  readonly tokens: number
  readonly atMs: number
}

/** Callers that are remembered; the one who has been quiet for longest goes first. */
export const BUCKETS_MAX = 10_000
const MINUTE_MS = 60_000

/**
 * A bucket of tokens for each caller: a request takes one, and time puts them back, one by one, up
 * to the burst. A refused request takes none, so who goes on too fast is not shut out for good.
 */
export class TokenBuckets {
  /** May change: what callers have used stays used. */
  rate: Rate
  readonly #now: () => number
  readonly #buckets: LastUsed<Bucket>

  /** @param now milliseconds of a clock that never goes back */
  constructor(rate: Rate, now: () => number, bucketsMax = BUCKETS_MAX) {
    this.rate = rate
    this.#now = now
    this.#buckets = new LastUsed(bucketsMax)
  }

  get remembered(): number {
    return this.#buckets.size
  }

  /** Counts a request. */
  take(caller: string): Standing {
    const { requestsPerMinute, burst } = this.rate
    const tokens = this.#tokensOf(caller)
    const isAllowed = tokens >= 1
    const left = isAllowed ? tokens - 1 : tokens
    this.#buckets.set(caller, { tokens: left, atMs: this.#now() })
    const secondsFor = (missing: number) => Math.ceil((missing * 60) / requestsPerMinute)
    return {
      isAllowed,
      remaining: Math.floor(left),
      fullAfterS: secondsFor(burst - left),
      retryAfterS: left >= 1 ? 0 : Math.max(1, secondsFor(1 - left)),
    }
  }

  #tokensOf(caller: string): number {
    const { requestsPerMinute, burst } = this.rate
    const bucket = this.#buckets.get(caller)
    if (bucket === undefined) return burst
    const grown = ((this.#now() - bucket.atMs) * requestsPerMinute) / MINUTE_MS
    return Math.min(burst, bucket.tokens + grown)
  }
}
