import { connect, type Socket } from 'node:net'
import { type Answer, parseAnswer } from '../../test/server/answers.ts'

const ANSWER_TIMEOUT_MS = 20_000

/** One connection, on which answers are taken in the order of the requests. */
export class Connection {
  /** The numbers of the requests so far. */
  readonly sent: number[] = []
  readonly #socket: Socket
  #text = ''
  #isClosed = false
  #wake: () => void = () => undefined

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => {
      this.#text += text
      this.#wake()
    })
    this.#socket.on('error', () => undefined) // 'close' follows
    this.#socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @param number of the request, for messages about it. */
  send(number: number, bytes: Buffer): void {
    this.sent.push(number)
    this.#socket.write(bytes)
  }

  /** No more requests will be sent. */
  finish(): void {
    this.#socket.end()
  }

  drop(): void {
    this.#socket.destroy()
  }

  /**
   * The next answer, cut or not; 'closed' when the connection closed without one, 'late' when there
   * is neither in time.
   */
  async answer(isHead: boolean): Promise<Answer | 'closed' | 'late'> {
    const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS
    for (;;) {
      const parsed = parseAnswer(this.#text, isHead)
      const isInterim = parsed !== undefined && parsed.answer.status < 200
      if (parsed !== undefined && (isInterim || parsed.answer.isComplete || this.#isClosed)) {
        this.#text = parsed.rest
        if (!isInterim) return parsed.answer
      } else if (this.#isClosed) {
        return 'closed'
      } else if (performance.now() > deadlineMs) {
        return 'late'
      } else {
        await this.#more(deadlineMs - performance.now())
      }
    }
  }

  #more(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
