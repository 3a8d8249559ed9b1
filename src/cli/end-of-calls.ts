import type { DeprecationPolicy } from '../deprecation/policy.ts'
import { nextSpan } from '../deprecation/window.ts'
import { printTime } from '../image/time.ts'

/** Lines for people: when the image calls end, and when they are refused before; '' if never. */
export function printEndOfCalls(policy: DeprecationPolicy, nowMs: number): string {
  const { sunsetAt, afterSunset, brownouts } = policy
  const lines: string[] = []
  if (sunsetAt !== undefined) {
    const after = afterSunset === 'gone' ? 'answered with 410' : 'served as before'
    lines.push(`the image calls end at ${printTime(sunsetAt)}; after it they are ${after}`)
  }
  const sunsetMs = sunsetAt === undefined ? Number.POSITIVE_INFINITY : sunsetAt * 1000
  for (const window of brownouts) {
    const span = nextSpan(window, nowMs)
    const isLate = span !== undefined && span.startMs >= sunsetMs
    const next =
      span === undefined || isLate
        ? 'does not come any more'
        : `next from ${printMs(span.startMs)} to ${printMs(span.endMs)}`
    lines.push(`the image calls are refused with 410 ${window.text}: ${next}`)
  }
  const excepted = [...policy.exceptProjects, ...policy.exceptClients]
  if (excepted.length > 0) lines.push(`not refused: ${excepted.join(', ')}`)
  return lines.map((line) => `${line}\n`).join('')
}

function printMs(ms: number): string {
  return printTime(Math.floor(ms / 1000))
}
