import type { Config } from '../config/config.ts'
import { SERVER_LIMITS } from './limits.ts'

/**
 * So that an upstream's deadline passes, and is reported, before the caller's connection is closed.
 */
const MARGIN_MS = 5000

/** How long a caller's connection may be silent: longer than its longest answer may take. */
export function idleTimeoutMs({ compute, glance, upstream }: Config): number {
  const nova = compute.upstreamUrl === undefined ? 0 : compute.upstreamTimeoutMs
  // Keystone may be asked first.
  const images = glance.url.length === 0 ? 0 : 2 * upstream.answerTimeoutMs
  const longest = Math.max(nova + upstream.connectTimeoutMs, images)
  return Math.max(SERVER_LIMITS.idleTimeoutMs, longest + MARGIN_MS)
}
