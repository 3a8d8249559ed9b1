import { execFile } from 'node:child_process'
import type { Environment } from '../config/environment.ts'

/**
 * Node has no datagram sockets of the file system, in which the protocol of sd_notify(3) is spoken;
 * this program is wherever systemd is.
 */
const PROGRAM = 'systemd-notify'
/** It waits up to 5 s itself for systemd to take the message. */
const SEND_TIMEOUT_MS = 10_000
const USEC_PER_MS = 1000
/** As sd_watchdog_enabled(3) recommends. */
const PINGS_PER_WATCHDOG = 2

/** Tells the service manager, which is systemd, how a server fares: in this order, and nobody waits. */
export interface ServiceManager {
  /** It serves, or goes on after `reloading`. */
  ready(): void
  reloading(): void
  stopping(): void
  /**
   * Says regularly that this process lives, if that is asked for: from its own event loop, so that
   * one that hangs says nothing, and is restarted.
   * @param isHeardOf resolves when what serves besides has answered @returns ends it
   */
  watch(isHeardOf: () => Promise<unknown>): () => void
}

/** @param warn told once if messages do not get through */
export function openServiceManager(
  environment: Environment,
  warn: (message: string) => void,
): ServiceManager {
  if (!environment['NOTIFY_SOCKET']) return NOBODY
  let hasWarned = false
  // In the order in which they were sent.
  let last = Promise.resolve()
  const send = (...assignments: readonly string[]) => {
    last = last.then(async () => {
      const trouble = await notify(assignments, environment)
      if (trouble === undefined || hasWarned) return
      hasWarned = true
      warn(`systemd is not told how this server fares: ${trouble}`)
    })
    return last
  }
  return {
    ready: () => void send('READY=1'),
    reloading: () => void send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => void send('STOPPING=1'),
    watch: (isHeardOf) => {
      const everyMs = pingIntervalMs(environment)
      if (everyMs === undefined) return () => undefined
      let isUnderWay = false
      const ping = setInterval(async () => {
        if (isUnderWay) return
        isUnderWay = true
        await isHeardOf()
        await send('WATCHDOG=1')
        isUnderWay = false
      }, everyMs)
      return () => clearInterval(ping)
    },
  }
}

const NOBODY: ServiceManager = {
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  watch: () => () => undefined,
}

/** undefined: systemd asks for none, or asks another process. */
function pingIntervalMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | undefined {
  const usec = Number(WATCHDOG_USEC ?? 0)
  // The parent may be what finds the right Node (bin/afterimage), and only waits for this process.
  const isAsked = !WATCHDOG_PID || [process.pid, process.ppid].includes(Number(WATCHDOG_PID))
  if (!(usec > 0) || !isAsked) return undefined
  return Math.max(1, Math.floor(usec / USEC_PER_MS / PINGS_PER_WATCHDOG))
}

/** @returns why the message did not get through; undefined if it did */
function notify(
  assignments: readonly string[],
  environment: Environment,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: { ...environment }, timeout: SEND_TIMEOUT_MS }
    execFile(PROGRAM, assignments, options, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined)
      else if (error.code === 'ENOENT')
        resolve(`there is no ${PROGRAM} on the PATH; install systemd`)
      else resolve(stderr.trim() || error.message)
    })
  })
}
