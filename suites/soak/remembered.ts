import { createHash } from 'node:crypto'
import type { Answer } from './caller.ts'

/** What a part of an image may be: one value, or several where a change of it had no answer. */
export class Possible<T> {
  readonly #values: Set<T>

  constructor(value: T) {
    this.#values = new Set([value])
  }

  /** Takes in how a change to `value` ended. @returns that it is acknowledged */
  change(value: T, { result }: Answer, acknowledged: number): boolean {
    if (result === acknowledged) this.#values.clear()
    // Any other answer says that nothing was done; no answer says nothing.
    if (result === acknowledged || typeof result !== 'number') this.#values.add(value)
    return result === acknowledged
  }

  allows(value: T): boolean {
    return this.#values.has(value)
  }

  isSurely(value: T): boolean {
    return this.#values.size === 1 && this.#values.has(value)
  }

  toString(): string {
    return [...this.#values].join(' or ')
  }
}

/** An image as its only writer remembers it. */
export class RememberedImage {
  readonly id: string
  readonly exists = new Possible(false)
  readonly note: Possible<string>
  readonly member = new Possible(false)
  /** The sha512 of its data. */
  readonly data = new Possible<string | null>(null)

  constructor(id: string, note: string) {
    this.id = id
    this.note = new Possible(note)
  }
}

export function sha512(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex')
}
