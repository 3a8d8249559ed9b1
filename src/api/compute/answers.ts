import type { EventEmitter } from 'node:events'
import type { DeprecationPolicy } from '../../deprecation/policy.ts'
import type { KeptForms } from '../face/compressible.ts'
import { LentBodies, READER_BYTES_MAX } from './lent-bodies.ts'

/**
 * Printed answers, kept while the catalogue stays at the version at which they were read, and the
 * policy that their headers tell of is the same, so that none is ever stale. The key must include
 * everything else that an answer depends on: the caller (project, admin or not), the links' bases,
 * and the query.
 */

/** All remembered bodies together, and their compressed forms. */
const BYTES_MAX = 32 * 1024 * 1024
/** A larger body is not remembered. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024
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
  readonly version: number | string
  readonly policy: DeprecationPolicy
  readonly answer: KeptAnswer
  /** Of the body, the key and the compressed forms. */
  bytes: number
}

export class Answers {
  readonly #entries = new Map<string, Entry>()
  readonly #lent = new LentBodies()
  readonly #asked = new Set<string>()
  #gathering = Promise.resolve()
  #bytes = 0
  #hits = 0
  #misses = 0

  /** What is kept, and how often it was looked for where it could be kept, for metrics. */
  stats(): { answers: number; bytes: number; hits: number; misses: number } {
    const lookups = { hits: this.#hits, misses: this.#misses }
    return { answers: this.#entries.size, bytes: this.#bytes, ...lookups }
  }

  /**
   * Whether the same was asked for before: most queries never come again, and to keep their answers
   * would be much work for the collection of garbage.
   */
  wasAsked(key: string): boolean {
    if (this.#asked.has(key)) return true
    if (this.#asked.size >= ENTRIES_MAX) this.#asked.clear()
    this.#asked.add(key)
    return false
  }

  /** A list is read into one body up to here; a longer one is a stream. */
  get bytesMax(): number {
    return this.#lent.isFull ? READER_BYTES_MAX : ANSWER_BYTES_MAX
  }

  /**
   * Waits until no other list is gathered that is longer than a slow reader may hold: many that
   * come together would hold as many bodies. @returns ends the turn
   */
  async turnToGather(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#gathering
    this.#gathering = promise
    await before
    return resolve
  }

  /** To be called with each body that is sent. @param response closes when it is through */
  lend(body: Buffer, response: EventEmitter): void {
    this.#lent.lend(body, response)
  }

  /**
   * @param version the catalogue's now, for the caller; undefined (unknown): nothing is kept.
   * @param policy the present one; it is told from another by its identity
   */
  get(
    version: number | string | undefined,
    policy: DeprecationPolicy,
    key: string,
  ): KeptAnswer | undefined {
    if (version === undefined) return undefined
    const entry = this.#entries.get(key)
    if (entry?.version !== version || entry.policy !== policy) {
      this.#drop(key)
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    this.#entries.delete(key) // and to the end: the least recently used one is first
    this.#entries.set(key, entry)
    return entry.answer
  }

  /**
   * @param version the catalogue's before the answer was read.
   * @param policy what the answer's headers tell of
   * @returns the answer as it is kept; undefined if it is not.
   */
  put(
    version: number | string | undefined,
    policy: DeprecationPolicy,
    key: string,
    answer: Answer,
  ): KeptAnswer | undefined {
    if (answer.body.length > ANSWER_BYTES_MAX || version === undefined) return undefined
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
    const entry: Entry = { version, policy, answer: { ...answer, forms }, bytes: 0 }
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

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#bytes -= entry.bytes
    this.#entries.delete(key)
  }
}
