import type { EventEmitter } from 'node:events'

/** What a slow reader of any list may hold: a shorter body is not counted. */
export const READER_BYTES_MAX = 512 * 1024
/** Of longer bodies that are being sent, each counted once. */
const LENT_BYTES_MAX = 32 * 1024 * 1024

/**
 * Bodies that are held until they are sent, though the answers may be forgotten by then: with each
 * write to the catalogue slow readers could hold another body.
 */
export class LentBodies {
  readonly #readers = new Map<Buffer, number>()
  #bytes = 0

  /** Whether no more bodies should be lent that are longer than a slow reader may hold. */
  get isFull(): boolean {
    return this.#bytes >= LENT_BYTES_MAX
  }

  /** @param response closes when the body is sent, or its reader has left */
  lend(body: Buffer, response: EventEmitter): void {
    if (body.length <= READER_BYTES_MAX) return
    const readers = this.#readers.get(body) ?? 0
    if (readers === 0) this.#bytes += body.length
    this.#readers.set(body, readers + 1)
    response.once('close', () => this.#giveBack(body))
  }

  #giveBack(body: Buffer): void {
    const readers = (this.#readers.get(body) ?? 1) - 1
    if (readers > 0) {
      this.#readers.set(body, readers)
      return
    }
    this.#readers.delete(body)
    this.#bytes -= body.length
  }
}
