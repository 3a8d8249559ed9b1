/** How much of one thing, such as uploads, each caller has under way at once. */
export class Holds {
  /** May change: those who hold more then go on, and get no more. */
  perCallerMax: number
  /** Who holds nothing is not in it, so it is no larger than what is under way. */
  readonly #counts = new Map<string, number>()

  constructor(perCallerMax: number) {
    this.perCallerMax = perCallerMax
  }

  /** How many callers hold something. */
  get callers(): number {
    return this.#counts.size
  }

  /** @returns gives it back; again, it does nothing. undefined: the caller holds too many. */
  take(caller: string): (() => void) | undefined {
    const count = this.#counts.get(caller) ?? 0
    if (count >= this.perCallerMax) return undefined
    this.#counts.set(caller, count + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#giveBack(caller)
    }
  }

  #giveBack(caller: string): void {
    const left = (this.#counts.get(caller) ?? 0) - 1
    if (left > 0) this.#counts.set(caller, left)
    else this.#counts.delete(caller)
  }
}
