import type { Image } from '../../image/image.ts'
import type { MemoryLimits } from './limits.ts'

/** A list as it was read, and whose it is. */
export interface KeptList {
  readonly batches: readonly (readonly Image[])[]
  readonly bytes: number
  /** When the reading of it began: it was true then, and perhaps not since. */
  readonly readAtMs: number
  readonly project: string
  /** The image that the list begins after. */
  readonly marker: string | undefined
  readonly isAdmins: boolean
  /** A write may have changed it: good for nothing but an outage. */
  readonly isDoubted: boolean
}

/** Lists by key, the least recently used one first to go. */
export class KeptLists {
  readonly #limits: MemoryLimits
  readonly #lists = new Map<string, KeptList>()
  #bytes = 0

  constructor(limits: MemoryLimits) {
    this.#limits = limits
  }

  get(key: string): KeptList | undefined {
    const list = this.#lists.get(key)
    if (list !== undefined) {
      this.#lists.delete(key)
      this.#lists.set(key, list)
    }
    return list
  }

  put(key: string, list: KeptList): void {
    this.drop(key)
    this.#lists.set(key, list)
    this.#bytes += list.bytes
    for (const oldest of this.#lists.keys()) {
      if (this.#bytes <= this.#limits.bytesMax && this.#lists.size <= this.#limits.listsMax) break
      this.drop(oldest)
    }
  }

  drop(key: string): void {
    const list = this.#lists.get(key)
    if (list === undefined) return
    this.#bytes -= list.bytes
    this.#lists.delete(key)
  }

  dropWhere(isTouched: (list: KeptList) => boolean): void {
    for (const [key, list] of this.#lists) {
      if (isTouched(list)) this.drop(key)
    }
  }

  doubtAll(): void {
    for (const [key, list] of this.#lists) this.#lists.set(key, { ...list, isDoubted: true })
  }

  stats(): { lists: number; bytes: number } {
    return { lists: this.#lists.size, bytes: this.#bytes }
  }
}

/** Whether the image is in the list, or the list begins after it. */
export function holds(list: KeptList, id: string): boolean {
  if (list.marker === id) return true
  return list.batches.some((batch) => batch.some((image) => image.id === id))
}
