import type { Rate, Standing } from './token-buckets.ts'

/** A limit that a request was counted by, and how its caller stands there now. */
export interface Counted {
  /** Such as `project`. */
  readonly policy: string
  readonly rate: Rate
  readonly standing: Standing
}

/**
 * The fields `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10, sections 3
 * and 4: `q` requests in each window of `w` seconds; `r` of them are left, for the next `t` seconds. A
 * bucket has no windows: `q` is its size, `w` the time in which it fills, `t` the time until it is full.
 */
export function rateHeaders(all: readonly Counted[]): Readonly<Record<string, string>> {
  if (all.length === 0) return {}
  const policies = all.map(({ policy, rate: { burst, requestsPerMinute } }) => {
    const windowS = Math.ceil((burst * 60) / requestsPerMinute)
    return `"${policy}";q=${burst};w=${windowS}`
  })
  const standings = all.map(({ policy, standing: { remaining, fullAfterS } }) => {
    return `"${policy}";r=${remaining};t=${fullAfterS}`
  })
  return { 'ratelimit-policy': policies.join(', '), ratelimit: standings.join(', ') }
}
