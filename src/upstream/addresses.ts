import { Pool } from 'undici'
import type { UpstreamLimits } from './limits.ts'

/** One base URL of a service, its connections, and when it last failed. */
export interface Address {
  /** Without a user, a query, and a slash at its end. */
  readonly url: string
  /** What goes before every path; '' for none. */
  readonly basePath: string
  readonly pool: Pool
  /** By `performance.now()`; 0: never, or not since it last worked. */
  failedAtMs: number
}

/** The addresses of one service, and when each failed. */
export class Addresses {
  readonly all: readonly Address[]
  readonly #badAddressMs: number

  constructor(urls: readonly string[], limits: UpstreamLimits, ca: string | undefined) {
    this.#badAddressMs = limits.badAddressMs
    this.all = urls.map((text) => {
      const { origin, pathname } = new URL(text)
      const basePath = pathname.replace(/\/+$/, '')
      const pool = new Pool(origin, {
        connections: limits.concurrentMax,
        connect: { timeout: limits.connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
        keepAliveTimeout: limits.keepAliveTimeoutMs,
        // A service may ask for less, not for more.
        keepAliveMaxTimeout: limits.keepAliveTimeoutMs,
        maxHeaderSize: limits.answerHeaderBytesMax,
        // The exchange watches the time itself, against one deadline.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      return { url: `${origin}${basePath}`, basePath, pool, failedAtMs: 0 }
    })
  }

  /** The first working one that was not tried yet; else the one that failed longest ago. */
  next(tried: ReadonlySet<Address>): Address {
    const [only] = this.all
    if (only !== undefined && this.all.length === 1) return only
    const fresh = this.all.filter((address) => !tried.has(address))
    const candidates = fresh.length > 0 ? fresh : this.all
    const good = candidates.find((address) => !this.isBad(address))
    if (good !== undefined) return good
    return candidates.reduce((a, b) => (b.failedAtMs < a.failedAtMs ? b : a))
  }

  /** Whether there is an untried address that has not failed lately. */
  hasGood(tried: ReadonlySet<Address>): boolean {
    return this.all.some((address) => !tried.has(address) && !this.isBad(address))
  }

  isBad(address: Address): boolean {
    return address.failedAtMs > 0 && performance.now() - address.failedAtMs < this.#badAddressMs
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ pool }) => pool.destroy()))
  }
}
