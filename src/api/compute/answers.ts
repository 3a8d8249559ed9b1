/**
 * Printed answers, kept while the catalogue stays at the version at which they were read, so that
 * none is ever stale. The key must include everything that an answer depends on: the caller
 * (project, admin or not), the links' bases, and the query.
 */

/** All remembered bodies together. */
const BYTES_MAX = 32 * 1024 * 1024
/** A larger body is not remembered. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024
const ENTRIES_MAX = 10_000

export interface Answer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export class Answers {
  #version: number | string | undefined
  readonly #answers = new Map<string, Answer>()
  #bytes = 0
  #hits = 0
  #misses = 0

  /** What is kept, and how often it was looked for where it could be kept, for metrics. */
  stats(): { answers: number; bytes: number; hits: number; misses: number } {
    const lookups = { hits: this.#hits, misses: this.#misses }
    return { answers: this.#answers.size, bytes: this.#bytes, ...lookups }
  }

  /** @param version the catalogue's now; undefined (unknown): nothing is kept. */
  get(version: number | string | undefined, key: string): Answer | undefined {
    if (!this.#isAt(version)) return undefined
    const answer = this.#answers.get(key)
    if (answer === undefined) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    this.#answers.delete(key) // and to the end: the least recently used one is first
    this.#answers.set(key, answer)
    return answer
  }

  /** @param version the catalogue's before the answer was read. */
  put(version: number | string | undefined, key: string, answer: Answer): void {
    if (answer.body.length > ANSWER_BYTES_MAX || !this.#isAt(version)) return
    this.#drop(key)
    this.#answers.set(key, answer)
    this.#bytes += answer.body.length + key.length
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= BYTES_MAX && this.#answers.size <= ENTRIES_MAX) break
      this.#drop(oldest)
    }
  }

  #isAt(version: number | string | undefined): boolean {
    if (version === undefined) return false
    if (version !== this.#version) {
      this.#answers.clear()
      this.#bytes = 0
      this.#version = version
    }
    return true
  }

  #drop(key: string): void {
    const answer = this.#answers.get(key)
    if (answer === undefined) return
    this.#bytes -= answer.body.length + key.length
    this.#answers.delete(key)
  }
}
