import { parentPort, workerData } from 'node:worker_threads'
import { FileTrouble } from '../file-trouble/file-trouble.ts'
import { integrityProblems } from './integrity.ts'
import type { IntegrityAnswer, IntegrityQuestion } from './integrity-thread.ts'

/** A thread of its own for one question. */

parentPort?.postMessage(answer(workerData as IntegrityQuestion))

function answer({ file, isStill, problemsMax }: IntegrityQuestion): IntegrityAnswer {
  try {
    return { problems: integrityProblems(file, { isStill }, problemsMax) }
  } catch (error) {
    if (!(error instanceof FileTrouble)) throw error
    return { trouble: { path: error.path, code: error.code } }
  }
}
