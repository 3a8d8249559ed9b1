/** Beyond so many, the one used longest ago is forgotten. */
const PAGES_MAX = 2_000
/** A page with a longer key is not remembered, so that memory stays below some MiB. */
const NAME_CHARACTERS_MAX = 1_000

/** Where one page ended when it was last read. */
export interface PageEnd {
  /** When its last image was created, in Unix seconds; undefined when it was not full. */
  get(): number | undefined
  set(createdAt: number | undefined): void
}

/**
 * Remembers where pages end. Glance's database sorts every match before it takes a page's rows. A
 * request for nothing older than the page's last known end leaves it little more than the page to
 * sort. This never changes what a caller sees: if the page is not full, it is requested again
 * without the bound.
 */
export class PageEnds {
  readonly #ends = new Map<string, number>()

  /** @param page the caller and the query: one line for each part in which two pages may differ */
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
