/** Counts of a histogram: cheap to add to, and read only when they are scraped. */
export class Tally {
  readonly #bounds: readonly number[]
  /** By bucket, not added up; the last one is above every bound. */
  readonly counts: Float64Array
  sum = 0

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  add(value: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += value
  }
}
