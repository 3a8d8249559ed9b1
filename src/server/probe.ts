import { randomUUID } from 'node:crypto'
import type { Upstream } from '../upstream/upstream.ts'

const PROBE_TIMEOUT_MS = 2000

/**
 * Asks a service for something that needs no token, within two seconds.
 * @returns what is wrong, for the operator; undefined when it answers
 */
export async function probe(upstream: Upstream, path: string): Promise<string | undefined> {
  const until = 'requests that need it are refused until it does'
  try {
    const { status } = await upstream.request({
      method: 'GET',
      path,
      requestId: `req-${randomUUID()}`,
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    if (status < 400) return undefined
    return `${upstream.name} answers ${status} to ${path}: check its address`
  } catch (error) {
    return `${upstream.name} does not answer (${(error as Error).message}); ${until}`
  }
}
