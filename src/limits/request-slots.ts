import { Turns } from './turns.ts'

/** Calls `act` after a time. @returns cancels that. */
export type Schedule = (act: () => void, afterMs: number) => () => void

export interface SlotLimits {
  /** Requests that are worked on at once. */
  readonly inFlightMax: number
  /** Requests that wait for one of those to end. */
  readonly queueMax: number
  readonly queueTimeoutMs: number
}

/** The right to be worked on. */
export interface Slot {
  /** To be called when the work is done; again, it does nothing. */
  release(): void
}

type Settle = (slot: Slot | undefined) => void

/**
 * How many requests are worked on at once. The next ones wait; those that find no place, or wait too
 * long, are turned away. Callers take turns, and in a full queue the one with most requests gives way:
 * a flood of one caller makes that caller wait, not the others.
 */
export class RequestSlots {
  #limits: SlotLimits
  readonly #schedule: Schedule
  readonly #turns = new Turns<Settle>()
  #inFlight = 0

  constructor(limits: SlotLimits, schedule: Schedule) {
    this.#limits = limits
    this.#schedule = schedule
  }

  /** Other limits from now on; who waits already waits no longer than it would have. */
  reload(limits: SlotLimits): void {
    this.#limits = limits
    while (this.#inFlight < limits.inFlightMax) {
      const settle = this.#turns.next()
      if (settle === undefined) break
      this.#inFlight += 1
      settle(this.#slot())
    }
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#turns.size
  }

  /** How many requests of a caller wait. */
  waitingOf(caller: string): number {
    return this.#turns.sizeOf(caller)
  }

  /**
   * @param callerOf whose turn it takes; asked only if it has to wait
   * @param answer called once, with a slot or, for who is turned away, with undefined; during this
   * call if the answer is known at once
   * @returns gives up waiting; `answer` is not called then
   */
  enter(callerOf: () => string, answer: Settle): () => void {
    const { inFlightMax, queueMax } = this.#limits
    if (this.#inFlight < inFlightMax) {
      this.#inFlight += 1
      answer(this.#slot())
      return NOTHING
    }
    const caller = callerOf()
    if (this.#turns.size < queueMax) return this.#wait(caller, answer)
    const turnedAway = this.#turns.makeRoom(caller)
    if (turnedAway === undefined) {
      answer(undefined)
      return NOTHING
    }
    turnedAway(undefined)
    return this.#wait(caller, answer)
  }

  #wait(caller: string, answer: Settle): () => void {
    const settle: Settle = (slot) => {
      giveUp()
      answer(slot)
    }
    const cancel = this.#schedule(() => settle(undefined), this.#limits.queueTimeoutMs)
    const giveUp = () => {
      cancel()
      this.#turns.delete(caller, settle)
    }
    this.#turns.add(caller, settle)
    return giveUp
  }

  #slot(): Slot {
    let isHeld = true
    return {
      release: () => {
        if (!isHeld) return
        isHeld = false
        this.#next()
      },
    }
  }

  /** A slot is passed on directly, so that no newcomer takes it. */
  #next(): void {
    const isOver = this.#inFlight > this.#limits.inFlightMax
    const settle = isOver ? undefined : this.#turns.next()
    if (settle === undefined) this.#inFlight -= 1
    else settle(this.#slot())
  }
}

const NOTHING = () => undefined
