import type { Config } from '../config/config.ts'
import { SERVER_LIMITS, type ServerLimits } from './limits.ts'

/** What one of several processes may take of what all of them may take together. */
export interface WorkerShare {
  readonly config: Config
  readonly limits: Partial<ServerLimits>
}

/**
 * Divides the limits that hold for a whole Afterimage among its workers; each has at least one of
 * everything that none could work without.
 */
export function shareOfWorker(config: Config): WorkerShare {
  const { workers, upstream, limits } = config
  const share = (whole: number) => Math.floor(whole / workers)
  return {
    config: {
      ...config,
      upstream: {
        ...upstream,
        concurrentMax: Math.max(1, share(upstream.concurrentMax)),
        queueMax: share(upstream.queueMax),
      },
      limits: {
        ...limits,
        requestsInFlight: Math.max(1, share(limits.requestsInFlight)),
        queuedRequests: share(limits.queuedRequests),
      },
    },
    limits: { connectionsMax: share(SERVER_LIMITS.connectionsMax) },
  }
}
