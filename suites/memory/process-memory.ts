import { readFileSync, writeFileSync } from 'node:fs'

export const MIB = 1024 * 1024

/** The resident size of a process. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/** The largest resident size since the last `forgetPeak`. */
export function peakBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** See proc(5), `clear_refs`. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function statusBytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}

/** Memory that JavaScript holds, by the process's own metrics. */
export async function heldBytes(metricsUrl: string): Promise<number> {
  const page = await (await fetch(metricsUrl)).text()
  const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1])
  return metric('nodejs_heap_size_used_bytes') + metric('nodejs_external_memory_bytes')
}

/**
 * What is held when garbage has been collected: the least of some looks, with requests between them
 * that make V8 collect.
 */
export async function heldAtLeast(metricsUrl: string, churn: () => Promise<void>): Promise<number> {
  const looks: number[] = []
  for (let look = 0; look < 60; look += 1) {
    await churn()
    looks.push(await heldBytes(metricsUrl))
  }
  return Math.min(...looks)
}

export function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
