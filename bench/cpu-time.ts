import { readdirSync, readFileSync } from 'node:fs'

/** What Linux counts in, on every machine that Node runs on. */
const TICKS_PER_SECOND = 100
/** Behind the name in brackets, which may hold anything: utime and stime, of all threads. */
const UTIME = 11
const STIME = 12

/**
 * Milliseconds of processor time that a process and those it started have taken so far. Linux only.
 */
export function cpuTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[UTIME]) + Number(fields[STIME])
  const children = childrenOf(pid).map(cpuTimeMs)
  return children.reduce((sum, ms) => sum + ms, (ticks * 1000) / TICKS_PER_SECOND)
}

/** Any thread may have started a process. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
    return children.split(' ').filter(Boolean).map(Number)
  })
}
