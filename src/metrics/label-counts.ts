import type { Sample } from './metrics-registry.ts'

/** A counter with one label, whose values are of a bounded set. */
export class LabelCounts<Value extends string> {
  readonly #counts: Map<Value, number>

  /** @param known begin at 0, so that Prometheus sees the first that is counted, too */
  constructor(known: readonly Value[] = []) {
    this.#counts = new Map(known.map((value) => [value, 0]))
  }

  add(value: Value, count = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + count)
  }

  /** @param before values of the labels before */
  samples(...before: readonly string[]): readonly Sample[] {
    return Array.from(this.#counts, ([label, value]) => ({ labels: [...before, label], value }))
  }
}

/** Samples of a metric with one label, from the values by the label's. */
export function samplesOf(values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([label, value]) => ({ labels: [label], value }))
}
