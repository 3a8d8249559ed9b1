/**
 * What waits, by caller: callers take turns, whatever each of them has waiting; what one caller has
 * waits in the order of its arrival.
 */
export class Turns<T> {
  /** In the order of the turns; Sets, so that one who leaves costs nothing. */
  readonly #queues = new Map<string, Set<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** How much of a caller waits. */
  sizeOf(caller: string): number {
    return this.#queues.get(caller)?.size ?? 0
  }

  add(caller: string, waiter: T): void {
    const queue = this.#queues.get(caller)
    if (queue === undefined) this.#queues.set(caller, new Set([waiter]))
    else queue.add(waiter)
    this.#size += 1
  }

  delete(caller: string, waiter: T): void {
    const queue = this.#queues.get(caller)
    if (queue?.delete(waiter) !== true) return
    this.#size -= 1
    if (queue.size === 0) this.#queues.delete(caller)
  }

  /** Takes out whose turn it is. */
  next(): T | undefined {
    for (const [caller, queue] of this.#queues) {
      for (const waiter of queue) {
        this.#queues.delete(caller)
        this.#queues.set(caller, queue) // and to the end of the turns
        this.delete(caller, waiter)
        return waiter
      }
    }
    return undefined
  }

  /**
   * Takes out the newest of the caller who has most waiting, to make room for one of `caller`.
   * @returns undefined: nobody has more than `caller` would have
   */
  makeRoom(caller: string): T | undefined {
    const most = this.#most(this.sizeOf(caller) + 1)
    if (most === undefined) return undefined
    const newest = [...(this.#queues.get(most) ?? [])].at(-1)
    if (newest !== undefined) this.delete(most, newest)
    return newest
  }

  /** The caller with most, if that is more than `size`. */
  #most(size: number): string | undefined {
    let most: string | undefined
    let largest = size
    for (const [caller, queue] of this.#queues) {
      if (queue.size <= largest) continue
      most = caller
      largest = queue.size
    }
    return most
  }
}
