import type { Terminal } from './terminal.ts'

const REDRAW_INTERVAL_MS = 200
/** Where lines cannot be redrawn, as in a log file. */
const LINE_INTERVAL_MS = 5_000
const ERASE_LINE = '\r\u001b[2K'
const COLUMNS_DEFAULT = 80

/** Shows progress on stderr: one redrawn line on a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #stderr: Terminal['stderr']
  #lastMs = performance.now()
  #isDrawn = false

  constructor({ stderr }: Pick<Terminal, 'stderr'>) {
    this.#stderr = stderr
  }

  show(text: () => string): void {
    const isRedrawn = this.#stderr.isTTY === true
    const nowMs = performance.now()
    if (nowMs - this.#lastMs < (isRedrawn ? REDRAW_INTERVAL_MS : LINE_INTERVAL_MS)) return
    this.#lastMs = nowMs
    if (isRedrawn) {
      const width = (this.#stderr.columns ?? COLUMNS_DEFAULT) - 1
      this.#stderr.write(`${ERASE_LINE}${text().slice(0, width)}`)
      this.#isDrawn = true
    } else {
      this.#stderr.write(`${text()}\n`)
    }
  }

  /** Makes room for a line that stays. */
  clear(): void {
    if (this.#isDrawn) this.#stderr.write(ERASE_LINE)
    this.#isDrawn = false
  }
}
