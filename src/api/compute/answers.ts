import type { KeptForms } from '../face/compressible.ts'

/**
 * Printed answers, kept while the catalogue stays at the version at which they were read, so that
 * none is ever stale. The key must include everything that an answer depends on: the caller
 * (project, admin or not), the links' bases, and the query.
 */

/** All remembered bodies together, and their compressed forms. */
const BYTES_MAX = 32 * 1024 * 1024
/** A larger body is not remembered. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024
const ENTRIES_MAX = 10_000

export interface Answer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** An answer that is kept, with the compressed forms of its body that callers have asked for. */
export interface KeptAnswer extends Answer {
  readonly forms: KeptForms
}

interface Entry {
  readonly answer: KeptAnswer
  /** Of the body, the key and the compressed forms. */
  bytes: number
}

export class Answers {
  #version: number | string | undefined
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  /** @param version the catalogue's now; undefined (unknown): nothing is kept. */
  get(version: number | string | undefined, key: string): KeptAnswer | undefined {
    if (!this.#isAt(version)) return undefined
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key) // and to the end: the least recently used one is first
    this.#entries.set(key, entry)
    return entry.answer
  }

  /**
   * @param version the catalogue's before the answer was read.
   * @returns the answer as it is kept; undefined if it is not.
   */
  put(version: number | string | undefined, key: string, answer: Answer): KeptAnswer | undefined {
    if (answer.body.length > ANSWER_BYTES_MAX || !this.#isAt(version)) return undefined
    this.#drop(key)
    const found = new Map<string, Buffer>()
    const forms: KeptForms = {
      get: (coding) => found.get(coding),
      put: (coding, form) => {
        // The catalogue, or the bound, may have dropped the answer while it was compressed.
        if (this.#entries.get(key) !== entry || found.has(coding)) return
        found.set(coding, form)
        this.#grow(entry, form.length)
      },
    }
    const entry: Entry = { answer: { ...answer, forms }, bytes: 0 }
    this.#entries.set(key, entry)
    this.#grow(entry, answer.body.length + key.length)
    return entry.answer
  }

  #grow(entry: Entry, bytes: number): void {
    entry.bytes += bytes
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= BYTES_MAX && this.#entries.size <= ENTRIES_MAX) break
      this.#drop(oldest)
    }
  }

  #isAt(version: number | string | undefined): boolean {
    if (version === undefined) return false
    if (version !== this.#version) {
      this.#entries.clear()
      this.#bytes = 0
      this.#version = version
    }
    return true
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.bytes
    this.#entries.delete(key)
  }
}
