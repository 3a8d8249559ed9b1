import { readdirSync, readFileSync } from 'node:fs'

/** A later third may have so much more than the one before it, and so much besides. */
export const GROWTH_MAX = 1.25
export const MEMORY_SLACK_MIB = 48
export const HANDLES_SLACK = 32
export const SAMPLE_EVERY_MS = 500

interface Sample {
  readonly atMs: number
  readonly memoryMib: number
  readonly handles: number
}

/** The median of a process in the middle third and in the last third of the time. */
export interface Thirds {
  readonly middle: number
  readonly last: number
}

export interface ProcessFigures {
  readonly name: string
  readonly memoryMib: Thirds
  readonly handles: Thirds
}

/** Watches what processes hold, from /proc. */
export class Watch {
  readonly #samples = new Map<string, Sample[]>()
  readonly #startMs = performance.now()

  /** @param processes by the name that the figures have */
  sample(processes: Readonly<Record<string, number>>): void {
    for (const [name, pid] of Object.entries(processes)) {
      const taken = sampleOf(pid)
      if (taken === undefined) continue
      const samples = this.#samples.get(name) ?? []
      this.#samples.set(name, samples)
      samples.push(taken)
    }
  }

  /** Until the last sample; the first third, in which all is started and warmed up, is not judged. */
  figures(): readonly ProcessFigures[] {
    const last = [...this.#samples.values()].flatMap((samples) => samples.at(-1)?.atMs ?? [])
    // The last sample is within the last third.
    const thirdMs = (Math.max(...last) + 1 - this.#startMs) / 3
    return [...this.#samples].map(([name, samples]) => {
      const within = (from: number, pick: (sample: Sample) => number) => {
        const fromMs = this.#startMs + from * thirdMs
        const those = samples.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + thirdMs)
        return medianOf(those.map(pick))
      }
      const thirds = (pick: (sample: Sample) => number): Thirds => ({
        middle: within(1, pick),
        last: within(2, pick),
      })
      const memoryMib = thirds((sample) => sample.memoryMib)
      return { name, memoryMib, handles: thirds(({ handles }) => handles) }
    })
  }
}

/** What grew. */
export function growthFaults(figures: readonly ProcessFigures[]): readonly string[] {
  return figures.flatMap(({ name, memoryMib, handles }) => [
    ...growth(`${name}: resident MiB`, memoryMib, MEMORY_SLACK_MIB),
    ...growth(`${name}: open handles`, handles, HANDLES_SLACK),
  ])
}

function growth(what: string, { middle, last }: Thirds, slack: number): readonly string[] {
  if (!Number.isFinite(middle) || !Number.isFinite(last)) return [`${what}: too few samples`]
  if (last <= GROWTH_MAX * middle + slack) return []
  return [`${what}: ${middle.toFixed(0)} in the middle third, ${last.toFixed(0)} in the last`]
}

function sampleOf(pid: number): Sample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
    const handles = readdirSync(`/proc/${pid}/fd`).length
    return { atMs: performance.now(), memoryMib: kib / 1024, handles }
  } catch {
    return undefined // it has just ended
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
