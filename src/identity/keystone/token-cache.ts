/** Values by key until they expire; above `entriesMax` the least recently used one is removed. */
export class TokenCache<Value> {
  readonly #entriesMax: number
  readonly #entries = new Map<string, { readonly value: Value; readonly untilMs: number }>()

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.untilMs <= nowMs) return undefined
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: Value, untilMs: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, untilMs })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) return
      this.#entries.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
