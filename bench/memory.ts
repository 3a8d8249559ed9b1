import { readFileSync } from 'node:fs'

/** Memory of a process that is in the machine's own, in MiB. Linux only. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kib === undefined) throw new Error(`the memory of process ${pid} cannot be read`)
  return Number(kib) / 1024
}
