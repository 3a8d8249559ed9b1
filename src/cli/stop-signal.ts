const EXIT_FAILED = 1
/**
 * One Ctrl+C may arrive twice, from the terminal and from a parent; only a later one counts as a
 * second.
 */
const SAME_SIGNAL_MS = 500

export interface Stop {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** What a signal does: a second one ends the process at once. */
  now(): void
  /** SIGHUP does this from now on, in place of stopping. */
  onHangUp(act: () => void): void
}

/** Listens to the signals that stop this process. */
export function stopOnSignals(): Stop {
  const controller = new AbortController()
  let firstMs: number | undefined
  const now = () => {
    firstMs ??= performance.now()
    if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(EXIT_FAILED)
    controller.abort()
  }
  let hangUp = now
  process.on('SIGINT', now)
  process.on('SIGTERM', now)
  process.on('SIGHUP', () => hangUp())
  return {
    signal: controller.signal,
    now,
    onHangUp(act) {
      hangUp = act
    },
  }
}
