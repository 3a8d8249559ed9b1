import type { FastifyInstance } from 'fastify'
import { DRAIN_TIMEOUT_MS } from './limits.ts'
import { closeSilentConnections } from './silent-connections.ts'

/** How often connections whose request has just been finished are let go. */
const SWEEP_INTERVAL_MS = 50

/**
 * Stops listening, waits for requests in flight, and cuts those that are not finished after
 * `timeoutMs`.
 */
export async function drain(
  apps: readonly FastifyInstance[],
  timeoutMs = DRAIN_TIMEOUT_MS,
): Promise<void> {
  const sweep = setInterval(() => {
    for (const { server } of apps) {
      server.closeIdleConnections()
      closeSilentConnections(server)
    }
  }, SWEEP_INTERVAL_MS)
  const cut = setTimeout(() => {
    for (const app of apps) app.server.closeAllConnections()
  }, timeoutMs)
  try {
    await Promise.all(apps.map((app) => app.close()))
  } finally {
    clearInterval(sweep)
    clearTimeout(cut)
  }
}
