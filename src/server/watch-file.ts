import type { FastifyBaseLogger } from 'fastify'
import { wholeFileCheckedAtOpening } from '../database/check-file.ts'
import { integrityInThread } from '../database/integrity-thread.ts'
import type { ReadinessCheck } from './readiness.ts'

/** The first few say enough. */
const PROBLEMS_MAX = 10

/** The check of a large catalogue file that goes on beside the requests. */
export interface FileWatch extends Disposable {
  /** Not ready once damage has been found. */
  readonly readiness: ReadinessCheck
}

/**
 * Checks the whole file unless that was done when it was opened. Damage is logged and makes the
 * server not ready; it goes on answering from what can be read.
 */
export function watchFile(
  file: string,
  logger: Pick<FastifyBaseLogger, 'error' | 'warn'>,
  isCheckedAlready = wholeFileCheckedAtOpening,
): FileWatch {
  let isDamaged = false
  const readiness: ReadinessCheck = {
    name: 'file',
    check: async () =>
      isDamaged ? "the catalogue's file is damaged; the log says where" : undefined,
  }
  if (isCheckedAlready(file)) return { readiness, [Symbol.dispose]: () => undefined }
  const stop = new AbortController()
  const question = { file, isStill: false, problemsMax: PROBLEMS_MAX }
  integrityInThread(question, stop.signal).then(
    (problems) => {
      if (problems.length === 0) return
      isDamaged = true
      logger.error(
        { file, problems },
        "the catalogue's file is damaged: stop this server and restore a backup",
      )
    },
    (err: unknown) => {
      if (!stop.signal.aborted) {
        logger.warn({ err, file }, "the catalogue's file could not be checked")
      }
    },
  )
  return { readiness, [Symbol.dispose]: () => stop.abort() }
}
