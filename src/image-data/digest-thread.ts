import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { DigestRequest, DigestStart } from './digest-messages.ts'
import { imageDataFault } from './faults.ts'

interface Waiting {
  readonly resolve: (answer: string) => void
  readonly reject: (error: unknown) => void
}

/** A digest of blocks of shared memory, taken in a thread of its own. */
export interface Digest {
  /** Resolves when the block has been read. */
  update(block: SharedArrayBuffer, bytes: number): Promise<unknown>
  /** The digest, in lower-case hex. */
  finish(): Promise<string>
  /** Forgets it. */
  drop(): void
}

/**
 * One algorithm in one thread, for all digests of the process: MD5 and SHA-512 of the same bytes
 * run beside each other and beside the disk. The thread starts when it is first needed; an idle one
 * does not keep the process alive.
 */
export class DigestThread {
  readonly #algorithm: 'md5' | 'sha512'
  #worker: Worker | undefined
  #waiting: Waiting[] = []
  /** Why the last thread ended. */
  #failure: unknown
  #digests = 0

  constructor(algorithm: 'md5' | 'sha512') {
    this.#algorithm = algorithm
  }

  begin(): Digest {
    this.#digests += 1
    const id = this.#digests
    const worker = this.#running()
    return {
      update: (block, bytes) => this.#ask(worker, { ask: 'update', id, block, bytes }),
      finish: () => this.#ask(worker, { ask: 'digest', id }),
      drop: () => worker.postMessage({ ask: 'drop', id } satisfies DigestRequest),
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #ask(worker: Worker, request: DigestRequest): Promise<string> {
    if (worker !== this.#worker) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage(request)
    })
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    // The file is run as it is in a checkout, and compiled where it is published.
    const file = new URL(`digest-worker${extname(import.meta.url)}`, import.meta.url)
    const hasStarted = new Uint8Array(new SharedArrayBuffer(1))
    const workerData: DigestStart = { algorithm: this.#algorithm, hasStarted }
    const worker = new Worker(file, { workerData })
    worker.unref()
    worker.on('message', (answer: string) => {
      this.#waiting.shift()?.resolve(answer)
      if (this.#waiting.length === 0) worker.unref()
    })
    worker.on('error', (error) => {
      // A thread opens files to start: what it throws then has no code.
      const isRunning = Atomics.load(hasStarted, 0) === 1
      this.#fail(worker, isRunning ? error : imageDataFault('data.unwritable', String(error)))
    })
    worker.on('exit', () => this.#fail(worker, new Error('The digest thread has ended.')))
    this.#worker = worker
    return worker
  }

  /** Waiting callers have lost their digests; the next caller gets a new thread. */
  #fail(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return // its end follows its error: they have been told
    this.#worker = undefined
    this.#failure = error
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }
}
