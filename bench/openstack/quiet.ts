import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const WINDOW_MS = 100
/** Of the machine's whole time. */
const BUSY_RATIO_MAX = 0.1
const TIMEOUT_MS = 10_000

/**
 * Waits until the machine is idle. A service finishes requests whose caller has left, so the work
 * of one round would slow the next.
 */
export async function untilQuiet(): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS
  let before = times()
  while (performance.now() < deadlineMs) {
    await sleep(WINDOW_MS)
    const now = times()
    const busy = now.busyMs - before.busyMs
    if (busy <= BUSY_RATIO_MAX * (busy + now.idleMs - before.idleMs)) return
    before = now
  }
}

function times(): { busyMs: number; idleMs: number } {
  let busyMs = 0
  let idleMs = 0
  for (const { times: spent } of cpus()) {
    busyMs += spent.user + spent.nice + spent.sys + spent.irq
    idleMs += spent.idle
  }
  return { busyMs, idleMs }
}
