import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { DRAIN_TIMEOUT_MS } from './limits.ts'
import type { Readiness } from './readiness.ts'
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

/**
 * Says at `/readiness` that this server is about to stop, and gives balancers `delayMs` to notice
 * while it still answers; to be called before `drain`.
 */
export async function leave(readiness: Readiness, delayMs: number): Promise<void> {
  readiness.leave()
  await sleep(delayMs)
}
