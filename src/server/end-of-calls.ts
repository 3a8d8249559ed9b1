import type { FastifyBaseLogger } from 'fastify'
import type { ComputeDependencies } from '../api/compute/face.ts'
import type { Config } from '../config/config.ts'
import { type DeprecationPolicy, isEnded, nextChangeMs } from '../deprecation/policy.ts'

/** The compute face's settings for the end of its calls. @param present read for each call */
export function endOfCalls(
  { compute }: Config,
  present: () => Pick<Config, 'deprecation'>,
): Pick<ComputeDependencies, 'deprecation' | 'isServedAboveMicroversion'> {
  return {
    deprecation: () => present().deprecation,
    isServedAboveMicroversion: compute.serveAboveMicroversion,
  }
}

/** Longer timers overflow in Node. */
const TIMER_MS_MAX = 86_400_000

/** Says in the log when calls begin to be refused and when they are served again. */
export interface BrownoutLog {
  /** By another policy from now on. */
  follow(policy: DeprecationPolicy): void
  stop(): void
}

export function logBrownouts(first: DeprecationPolicy, logger: FastifyBaseLogger): BrownoutLog {
  let timer: NodeJS.Timeout | undefined
  let wasEnded = false
  const follow = (policy: DeprecationPolicy) => {
    clearTimeout(timer)
    const nowMs = Date.now()
    const hasEnded = isEnded(policy, nowMs)
    if (hasEnded !== wasEnded) {
      logger.warn({ brownouts: policy.brownouts.map(({ text }) => text) }, TEXTS[`${hasEnded}`])
      wasEnded = hasEnded
    }
    const next = nextChangeMs(policy, nowMs)
    if (next === undefined) return
    timer = setTimeout(() => follow(policy), Math.min(next - nowMs, TIMER_MS_MAX)).unref()
  }
  follow(first)
  return { follow, stop: () => clearTimeout(timer) }
}

const TEXTS = {
  true: 'the image calls are refused with 410 from now on',
  false: 'the image calls are served again from now on',
} as const
