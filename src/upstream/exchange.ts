import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { UpstreamFault, type UpstreamFaultCode } from './fault.ts'
import type { UpstreamLimits } from './limits.ts'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** How much of all answers is held at the moment. */
export interface Buffered {
  bytes: number
}

/** Timers may fire a little early. */
const TIMER_SLACK_MS = 1

/** One attempt at one address: it limits time and bytes, and cleans up after itself. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<RawAnswer>
  readonly #service: string
  readonly #limits: UpstreamLimits
  readonly #deadlineMs: number
  readonly #signal: AbortSignal | undefined
  readonly #buffered: Buffered
  readonly #chunks: Buffer[] = []
  #resolve: (answer: RawAnswer) => void = () => {}
  #reject: (fault: UpstreamFault) => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  #isSettled = false
  #isSent = false
  #bytes = 0
  #status = 0
  #headers: IncomingHttpHeaders = {}
  /** What is waited for, from when on, and how long it may take. */
  #phase = 'a connection'
  #sinceMs: number
  #limitMs: number
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = 0

  /** @param deadlineMs for the whole answer, on the clock of `performance.now()` */
  constructor(
    service: string,
    limits: UpstreamLimits,
    deadlineMs: number,
    signal: AbortSignal | undefined,
    buffered: Buffered,
  ) {
    this.#buffered = buffered
    this.#service = service
    this.#limits = limits
    this.#deadlineMs = deadlineMs
    this.#signal = signal
    this.#sinceMs = performance.now()
    this.#limitMs = limits.connectTimeoutMs
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    signal?.addEventListener('abort', this.#abort, { once: true })
    this.#watch()
    if (signal?.aborted) this.#abort()
  }

  get isOver(): boolean {
    return this.#isSettled
  }

  /** Whether any of the request may have reached the service. */
  get wasSent(): boolean {
    return this.#isSent
  }

  /** Whether the answer's headers have come. */
  get hasBegun(): boolean {
    return this.#status > 0
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) {
      controller.abort(new Error('given up'))
      return
    }
    this.#controller = controller
    this.#isSent = true
    this.#enter('the answer to begin', this.#limits.firstByteTimeoutMs)
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#isSettled) return
    if (Number(headers['content-length']) > this.#limits.answerBytesMax) {
      this.#failTooLarge()
      return
    }
    this.#status = status
    this.#headers = headers
    this.#enter('more of the answer', this.#limits.gapTimeoutMs)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return
    this.#bytes += chunk.length
    this.#buffered.bytes += chunk.length
    if (this.#bytes > this.#limits.answerBytesMax) {
      this.#failTooLarge()
      return
    }
    if (this.#buffered.bytes > this.#limits.bufferedBytesMax) {
      this.#fail('overloaded', 'gives more at once than is taken')
      return
    }
    this.#chunks.push(chunk)
    this.#sinceMs = performance.now()
  }

  onResponseEnd(): void {
    if (this.#isSettled) return
    this.#settle()
    const [only] = this.#chunks
    const body =
      only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks)
    this.#resolve({ status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    const { code = '' } = error
    if (error.name === 'HTTPParserError')
      this.#fail('invalid', 'gave a broken answer', error.message)
    else if (code === 'UND_ERR_HEADERS_OVERFLOW') this.#failTooLarge('its header block')
    else if (code === 'UND_ERR_CONNECT_TIMEOUT') {
      this.#fail('timeout', 'could not be reached in time', code)
    } else if (code === 'UND_ERR_INVALID_ARG') {
      this.#fail('invalid', 'cannot be asked this', code)
    } else {
      const what = this.#isSent ? 'broke the connection' : 'cannot be reached'
      this.#fail('unreachable', what, `${code} ${error.message}`.trim())
    }
  }

  readonly #abort = () => this.#fail('aborted', 'need not answer any more')

  #enter(phase: string, limitMs: number): void {
    this.#phase = phase
    this.#sinceMs = performance.now()
    this.#limitMs = limitMs
    if (this.#dueMs() < this.#timerAtMs) this.#watch()
  }

  #dueMs(): number {
    return Math.min(this.#sinceMs + this.#limitMs, this.#deadlineMs)
  }

  /**
   * One timer for all deadlines: it checks again when it fires, so that a piece of body need not
   * reset it.
   */
  #watch(): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = this.#dueMs()
    this.#timer = setTimeout(
      () => {
        if (this.#isSettled) return
        const nowMs = performance.now() + TIMER_SLACK_MS
        if (nowMs < this.#dueMs()) this.#watch()
        else if (nowMs >= this.#deadlineMs) {
          this.#fail('timeout', 'did not answer in time', 'the whole answer took too long')
        } else {
          const waited = `waited ${this.#limitMs} ms for ${this.#phase}`
          this.#fail('timeout', 'did not answer in time', waited)
        }
      },
      Math.max(this.#timerAtMs - performance.now(), 0),
    )
  }

  #failTooLarge(what = 'its body'): void {
    this.#fail('too_large', 'gave an answer that is too large', what)
  }

  #fail(code: UpstreamFaultCode, what: string, detail?: string): void {
    if (this.#isSettled) return
    this.#settle()
    this.#chunks.length = 0
    this.#reject(new UpstreamFault(code, `${this.#service} ${what}.`, detail))
    this.#controller?.abort(new Error('given up'))
  }

  #settle(): void {
    this.#isSettled = true
    this.#buffered.bytes -= this.#bytes
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
  }
}
