import type { Schedule } from '../../src/limits/request-slots.ts'

/** A clock that stands still until a test moves it on. */
export class HandClock {
  nowMs = 0
  readonly #planned = new Set<{ readonly atMs: number; readonly act: () => void }>()

  readonly schedule: Schedule = (act, afterMs) => {
    const planned = { atMs: this.nowMs + afterMs, act }
    this.#planned.add(planned)
    return () => this.#planned.delete(planned)
  }

  /** What is still to come. */
  get planned(): number {
    return this.#planned.size
  }

  advance(ms: number): void {
    this.nowMs += ms
    for (const planned of this.#planned) {
      if (planned.atMs > this.nowMs) continue
      this.#planned.delete(planned)
      planned.act()
    }
  }
}
