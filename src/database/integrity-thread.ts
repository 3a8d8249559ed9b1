import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { FileTrouble, type FileTroubleCode } from '../file-trouble/file-trouble.ts'
import type { SnapshotOptions } from './snapshot.ts'

export interface IntegrityQuestion extends SnapshotOptions {
  readonly file: string
  readonly problemsMax: number
}

/** What the thread answers. */
export type IntegrityAnswer =
  | { readonly problems: readonly string[] }
  | { readonly trouble: { readonly path: string; readonly code: FileTroubleCode } }

/**
 * Reads the whole file as `integrityProblems` does, in a thread, since SQLite does that in one go:
 * so this one can show that it goes on, and can be interrupted.
 * @throws FileTrouble, and what aborts the signal
 */
export async function integrityInThread(
  question: IntegrityQuestion,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // The file is run as it is in a checkout, and compiled where it is published.
  const file = new URL(`integrity-worker${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: question })
  try {
    const [answer] = (await once(worker, 'message', { signal })) as [IntegrityAnswer]
    if ('trouble' in answer) throw new FileTrouble(answer.trouble.path, answer.trouble.code)
    return answer.problems
  } finally {
    // It is not waited for: SQLite cannot be stopped in the midst of it.
    worker.unref()
    void worker.terminate()
  }
}
