/** Beyond so many, the one used longest ago is forgotten. */
const PAGES_MAX = 2_000
/** A page that takes more to name is not remembered: memory stays below some MiB whatever is asked. */
const NAME_CHARACTERS_MAX = 1_000

/** Where one page ended when it was last read. */
export interface PageEnd {
  /** When its last image was created, in Unix seconds; undefined when it was not full. */
  get(): number | undefined
  set(createdAt: number | undefined): void
}

/**
 * Where pages end. Glance's database sorts all that match before it takes a page's rows; asked for
 * nothing older than the end that a page had the last time, it has little more to sort than the
 * page. This never decides what a caller is shown: a page that does not come full is asked for
 * again without it.
 */
export class PageEnds {
  readonly #ends = new Map<string, number>()

  /** @param page who asks, and for what: a line for each that may be another in another page */
  of(page: readonly string[]): PageEnd {
    const key = page.join('\n')
    return {
      get: () => this.#ends.get(key),
      set: (createdAt) => this.#set(key, createdAt),
    }
  }

  #set(key: string, createdAt: number | undefined): void {
    this.#ends.delete(key)
    if (createdAt === undefined || key.length > NAME_CHARACTERS_MAX) return
    this.#ends.set(key, createdAt)
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= PAGES_MAX) return
      this.#ends.delete(oldest)
    }
  }
}
