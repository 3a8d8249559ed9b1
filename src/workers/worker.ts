import type { Attempts } from '../identity/local/attempts.ts'
import type { CallerCounters, CallerMaxima } from '../limits/caller-counters.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { Questions } from './questions.ts'
import { SharedAttempts } from './shared-attempts.ts'
import { sharedCounters } from './shared-counters.ts'

const EXIT_OK = 0
const EXIT_FAILED = 1

/** What a worker runs. */
export interface Work<Given, Started> {
  readonly started: Started
  /** Goes on with the settings in what is given now. */
  reload(given: Given): void
  /** Goes on answering for as long as others need to notice that this one stops. */
  leave(): Promise<void>
  /** Finishes what is under way. */
  close(): Promise<void>
}

/** What is counted in the process that started the worker. */
export interface Shared {
  readonly attempts: Attempts
  callers(maxima: CallerMaxima): CallerCounters
}

export interface WorkerOptions<Given, Started> {
  /** Aborted by a signal to this process; the other process may also say so. */
  readonly stop: AbortSignal
  /** Begins to answer requests. */
  serve(given: Given, shared: Shared): Promise<Work<Given, Started>>
  /** One line for people about what `serve` threw. */
  explain(error: unknown): string
}

/**
 * Makes this process a worker of the one that started it: serves what that one gives, until it or a
 * signal says stop. Ends the process; if the other one ends first, `node:cluster` does, at once.
 */
export async function beWorker<Given, Started>({
  stop,
  serve,
  explain,
}: WorkerOptions<Given, Started>): Promise<never> {
  const say = (said: FromWorker<Started>) => process.send?.(said, undefined, {}, () => undefined)
  const questions = new Questions(say)
  const shared: Shared = {
    attempts: new SharedAttempts(questions),
    callers: (maxima) => sharedCounters(maxima, questions),
  }
  const begun = Promise.withResolvers<Given | undefined>()
  const working = Promise.withResolvers<Work<Given, Started>>()
  const stopped = Promise.withResolvers<undefined>()
  const halt = () => {
    begun.resolve(undefined)
    stopped.resolve(undefined)
  }
  if (stop.aborted) halt()
  else stop.addEventListener('abort', halt, { once: true })
  process.on('message', (heard: ToWorker<Given>) => {
    if (heard.kind === 'begin') begun.resolve(heard.given)
    else if (heard.kind === 'stop') halt()
    else if (heard.kind === 'ask') say({ kind: 'here' })
    else if (heard.kind === 'reload') {
      // One that is still starting was given other settings; it takes these when it serves.
      working.promise.then((work) => {
        work.reload(heard.given)
        say({ kind: 'reloaded' })
      })
    } else questions.hear(heard)
  })
  say({ kind: 'hello' })
  const given = await begun.promise
  if (given === undefined) return process.exit(EXIT_OK)
  try {
    const work = await serve(given, shared)
    working.resolve(work)
    say({ kind: 'ready', started: work.started })
    await stopped.promise
    await work.leave()
    await work.close()
    return process.exit(EXIT_OK)
  } catch (error) {
    const failed = { kind: 'failed', message: explain(error) } as const
    await new Promise((sent) => process.send?.(failed, undefined, {}, sent))
    return process.exit(EXIT_FAILED)
  }
}
