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
  const rates = ratesOf(maxima)
  const holdings = holdingsOf(maxima)
  const buckets = (rate: Rate | undefined) => rate && new TokenBuckets(rate, now)
  const holds = (max: number) => (max === 0 ? undefined : new Holds(max))
  return {
    address: buckets(rates.address),
    project: buckets(rates.project),
    'long list': holds(holdings['long list']),
    upload: holds(holdings.upload),
  }
}
