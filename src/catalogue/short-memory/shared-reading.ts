import type { Image } from '../../image/image.ts'
import { type Position, positionOf } from '../../image/order.ts'
import type { MemoryLimits } from './limits.ts'
import { weightOf } from './weight.ts'

/** How a reading ended. 'outgrown': the list is too large to keep, and the rest was not read. */
export type End = 'open' | 'whole' | 'outgrown' | 'failed' | 'abandoned'

type Limits = Pick<MemoryLimits, 'listBytesMax' | 'listRowsMax' | 'readingBytesMax'>

/** What all readings hold together. */
export interface Gathered {
  bytes: number
}

/**
 * A list that is read once for several callers. It is read independently of them, so a slow caller
 * or one who leaves does not affect the others; when all have left, the reading stops.
 */
export class SharedReading {
  readonly startMs: number
  readonly batches: (readonly Image[])[] = []
  /** Settles when the reading has ended, however. */
  readonly ended: Promise<void>
  bytes = 0
  rows = 0
  end: End = 'open'
  error: unknown
  readonly #source: AsyncIterator<readonly Image[]>
  readonly #gathered: Gathered
  #isCounted = true
  #readers = 0
  #wake: () => void = () => {}
  #news: Promise<void> = Promise.resolve()

  constructor(
    list: AsyncIterable<readonly Image[]>,
    limits: Limits,
    startMs: number,
    gathered: Gathered,
  ) {
    this.startMs = startMs
    this.#gathered = gathered
    this.#expectNews()
    this.#source = list[Symbol.asyncIterator]()
    this.ended = this.#readAll(limits)
  }

  get last(): Position | undefined {
    const image = this.batches.at(-1)?.at(-1)
    return image && positionOf(image)
  }

  /**
   * All batches, those already read and those to come, until the reading ends.
   * @param gone settles when the caller no longer waits
   * @throws what made the reading fail
   */
  async *follow(gone: Promise<void>): AsyncGenerator<readonly Image[], void> {
    this.#readers += 1
    let isHere = true
    const left = gone.then(() => {
      isHere = false
    })
    try {
      for (let n = 0; isHere; ) {
        const batch = this.batches[n]
        if (batch !== undefined) {
          n += 1
          yield batch
        } else if (this.end === 'open') await Promise.race([this.#news, left])
        else break
      }
      if (this.end === 'failed') throw this.error
    } finally {
      this.#readers -= 1
      if (this.#readers === 0 && this.end === 'open') this.#abandon()
      this.#uncount()
    }
  }

  async #readAll(limits: Limits): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#source.next()
        if (this.end !== 'open') return
        if (done) {
          this.end = 'whole'
          return
        }
        this.batches.push(value)
        this.rows += value.length
        this.#count(value)
        if (
          this.rows > limits.listRowsMax ||
          this.bytes > limits.listBytesMax ||
          this.#gathered.bytes > limits.readingBytesMax
        ) {
          this.end = 'outgrown'
          this.#close()
          return
        }
        this.#tellNews()
      }
    } catch (error) {
      if (this.end !== 'open') return
      this.end = 'failed'
      this.error = error
    } finally {
      this.#tellNews()
      this.#uncount()
    }
  }

  #count(batch: readonly Image[]): void {
    let bytes = 0
    for (const image of batch) bytes += weightOf(image)
    this.bytes += bytes
    this.#gathered.bytes += bytes
  }

  /** Called once, when it has ended and has no more readers. */
  #uncount(): void {
    if (!this.#isCounted || this.end === 'open' || this.#readers > 0) return
    this.#isCounted = false
    this.#gathered.bytes -= this.bytes
  }

  #abandon(): void {
    this.end = 'abandoned'
    this.#close()
  }

  #close(): void {
    this.#source.return?.().catch(() => {}) // its outcome does not matter
  }

  #tellNews(): void {
    const wake = this.#wake
    this.#expectNews()
    wake()
  }

  #expectNews(): void {
    this.#news = new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
