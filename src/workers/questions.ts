import type { Answered, Asked } from './messages.ts'

/** What a worker asks, and the answers that it waits for. */
export class Questions {
  readonly #say: (asked: Asked) => void
  readonly #waiting = new Map<number, (answered: Answered) => void>()
  #lastId = 0

  constructor(say: (asked: Asked) => void) {
    this.#say = say
  }

  /** @param question says what is asked under an id of its own */
  ask(question: (id: number) => Asked): Promise<Answered> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#say(question(id))
    })
  }

  /** Says what needs no answer. */
  say(asked: Asked): void {
    this.#say(asked)
  }

  hear(answered: Answered): void {
    this.#waiting.get(answered.id)?.(answered)
    this.#waiting.delete(answered.id)
  }
}
