import { Holds } from './holds.ts'
import { type Rate, type Standing, TokenBuckets } from './token-buckets.ts'

/** Counts the requests of each caller. */
export interface Rates {
  readonly rate: Rate
  take(caller: string): Standing | Promise<Standing>
}

/** Gives back what was held; again, it does nothing. */
export type GiveBack = () => void

/** Counts what each caller has under way. */
export interface Holdings {
  /** undefined: the caller holds too many. */
  take(caller: string): GiveBack | undefined | Promise<GiveBack | undefined>
}

/** What callers are counted by; undefined: that has no limit. */
export interface CallerCounters {
  readonly address: Rates | undefined
  readonly project: Rates | undefined
  readonly 'long list': Holdings | undefined
  readonly upload: Holdings | undefined
  /** Counts by other limits from now on; what is counted already stays so. */
  reload(maxima: CallerMaxima): void
}

export interface CallerMaxima {
  /** 0: no limit, here and below. */
  readonly addressRequestsPerMinute: number
  readonly addressBurst: number
  readonly projectRequestsPerMinute: number
  readonly projectBurst: number
  readonly listsPerCaller: number
  readonly uploadsPerCaller: number
}

export const RATES = ['address', 'project'] as const
export const HOLDINGS = ['long list', 'upload'] as const

/** The rates that there are. */
export function ratesOf(maxima: CallerMaxima): Record<(typeof RATES)[number], Rate | undefined> {
  const rate = (requestsPerMinute: number, burst: number) =>
    requestsPerMinute === 0 ? undefined : { requestsPerMinute, burst }
  return {
    address: rate(maxima.addressRequestsPerMinute, maxima.addressBurst),
    project: rate(maxima.projectRequestsPerMinute, maxima.projectBurst),
  }
}

/** How much each caller may hold; 0: any number. */
export function holdingsOf(maxima: CallerMaxima): Record<(typeof HOLDINGS)[number], number> {
  return { 'long list': maxima.listsPerCaller, upload: maxima.uploadsPerCaller }
}

/**
 * Counters in this process.
 * @param now milliseconds of a clock that never goes back
 */
export function countersOf(maxima: CallerMaxima, now: () => number): CallerCounters {
  return new LocalCounters(maxima, now)
}

class LocalCounters implements CallerCounters {
  readonly #now: () => number
  address: TokenBuckets | undefined
  project: TokenBuckets | undefined
  'long list': Holds | undefined
  upload: Holds | undefined

  constructor(maxima: CallerMaxima, now: () => number) {
    this.#now = now
    this.reload(maxima)
  }

  reload(maxima: CallerMaxima): void {
    const rates = ratesOf(maxima)
    for (const name of RATES) this[name] = this.#buckets(this[name], rates[name])
    const holdings = holdingsOf(maxima)
    for (const name of HOLDINGS) this[name] = holds(this[name], holdings[name])
  }

  #buckets(buckets: TokenBuckets | undefined, rate: Rate | undefined): TokenBuckets | undefined {
    if (rate === undefined || buckets === undefined)
      return rate && new TokenBuckets(rate, this.#now)
    buckets.rate = rate
    return buckets
  }
}

function holds(held: Holds | undefined, max: number): Holds | undefined {
  if (max === 0 || held === undefined) return max === 0 ? undefined : new Holds(max)
  held.perCallerMax = max
  return held
}
