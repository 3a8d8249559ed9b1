import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** The parts of a file that were checked, and what was found. */
export interface FileCheckResult {
  /** What SQLite says of the damage, a line each; empty if there is none. */
  readonly damage: readonly string[]
}

/** A check of a whole file that goes on beside everything else. */
export interface FileCheck {
  /** Undefined when it was stopped before its end. Rejects when the file cannot be read. */
  readonly result: Promise<FileCheckResult | undefined>
  stop(): Promise<void>
}

/**
 * Reads a whole SQLite file in a thread of its own: its pages, and each index against its table. The
 * thread does not keep the process alive.
 */
export function startFileCheck(file: string): FileCheck {
  const program = new URL(`file-check-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(program, { workerData: { file } })
  worker.unref()
  const { promise, resolve, reject } = Promise.withResolvers<FileCheckResult | undefined>()
  worker.once('message', (damage: readonly string[]) => resolve({ damage }))
  worker.once('error', reject)
  worker.once('exit', () => resolve(undefined))
  return {
    result: promise,
    stop: async () => {
      await worker.terminate()
    },
  }
}
