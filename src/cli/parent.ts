const LOOK_INTERVAL_MS = 250

/**
 * Calls `then` when the process that started this one has ended: `npx` stops with SIGTERM only the
 * shell that it starts the program in, and the shell passes nothing on.
 */
export function whenParentEnds(then: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    then()
  }, LOOK_INTERVAL_MS)
  timer.unref()
}
