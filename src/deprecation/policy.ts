import { isOpen, nextSpan, type Window } from './window.ts'

/** What the operator has decided about the end of the image calls. */
export interface DeprecationPolicy {
  /** Unix seconds of the announced end; undefined: none is announced. */
  readonly sunsetAt: number | undefined
  /** A page for people; undefined: the built-in one. */
  readonly policyUrl: string | undefined
  /** The API that the successor link names. */
  readonly successor: SuccessorApi
  /** What happens after `sunsetAt`. */
  readonly afterSunset: 'serve' | 'gone'
  /** Ids of projects that are served all the same. */
  readonly exceptProjects: readonly string[]
  /** Client families that are served all the same. */
  readonly exceptClients: readonly string[]
  /** Windows before `sunsetAt` in which calls are answered as they will be after it. */
  readonly brownouts: readonly Window[]
}

/** `image`: `GET /v2/images` of Glance; `ims`: the vendor's `GET /v2/cloudimages`. */
export type SuccessorApi = 'image' | 'ims'

/**
 * Unix seconds of 2016-06-22: Nova 2.36 deprecated the image proxies (nova commit ea0befc7ca).
 */
export const DEPRECATED_AT = 1_466_553_600

/** Nothing announced, nothing refused. */
export const NO_POLICY: DeprecationPolicy = {
  sunsetAt: undefined,
  policyUrl: undefined,
  successor: 'image',
  afterSunset: 'serve',
  exceptProjects: [],
  exceptClients: [],
  brownouts: [],
}

/** Whether a call is refused now: after the sunset, or in a brownout before it. */
export function isRefused(
  policy: DeprecationPolicy,
  nowMs: number,
  projectId: string | null,
  clientFamily: string,
): boolean {
  if (!isEnded(policy, nowMs)) return false
  if (projectId !== null && policy.exceptProjects.includes(projectId)) return false
  return !policy.exceptClients.includes(clientFamily)
}

/** Whether calls that are no exception are refused now. */
export function isEnded(
  { sunsetAt, afterSunset, brownouts }: DeprecationPolicy,
  nowMs: number,
): boolean {
  if (sunsetAt !== undefined && nowMs >= sunsetAt * 1000) return afterSunset === 'gone'
  return brownouts.some((window) => isOpen(window, nowMs))
}

/** When `isEnded` may next change, in Unix milliseconds; undefined: never. */
export function nextChangeMs(policy: DeprecationPolicy, nowMs: number): number | undefined {
  const { sunsetAt, brownouts } = policy
  const sunsetMs = sunsetAt === undefined ? Number.POSITIVE_INFINITY : sunsetAt * 1000
  if (nowMs >= sunsetMs) return undefined
  let next = sunsetMs
  for (const window of brownouts) {
    const span = nextSpan(window, nowMs)
    if (span === undefined) continue
    next = Math.min(next, span.startMs > nowMs ? span.startMs : span.endMs)
  }
  return Number.isFinite(next) ? next : undefined
}
