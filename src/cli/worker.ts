import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { processEnvironment } from '../config/environment.ts'
import { DEBUG_VARIABLE } from '../config/options.ts'
import { modeOf } from '../config/pairs.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import type { CloudOptions, RunningInFront } from '../server/serve-cloud.ts'
import { shareOfWorker } from '../server/worker-share.ts'
import { beWorker, type Shared, type Work } from '../workers/worker.ts'
import { openLog } from './log.ts'
import { silenceExperimentalSqlite } from './quiet-sqlite.ts'
import { asSecrets, type SecretsInClear } from './secrets-in-clear.ts'
import { keepHeapSmall } from './small-heap.ts'
import { stopOnSignals } from './stop-signal.ts'

/** What a worker of `serve` is given. */
export interface WorkerGiven {
  readonly config: Config
  readonly secrets: SecretsInClear
  /** One of all workers at a time is. */
  readonly isFirst: boolean
}

/** What a worker of `serve` says once it serves. */
export interface WorkerStarted {
  /** Of the compute, image and identity service; in front of a Glance only the first. */
  readonly urls: readonly string[]
  readonly metricsUrl: string | undefined
  readonly cloudsYaml: string | undefined
}

async function serve(
  given: WorkerGiven,
  shared: Shared,
): Promise<Work<WorkerGiven, WorkerStarted>> {
  const { config, limits } = shareOfWorker(given.config)
  const secrets = asSecrets(given.secrets)
  const logger = await openLog(config, process.stderr)
  const callerCounters = shared.callers(config.limits)
  const options = { config, secrets, logger, limits, callerCounters }
  if (modeOf(config) !== 'embedded') return serveInFront(options)
  const { startAfterimage } = await import('../server/serve.ts')
  const running = await startAfterimage({
    ...options,
    withExample: false,
    attempts: shared.attempts,
    checksFile: given.isFirst,
  })
  const { urls, metricsUrl, cloudsYaml } = running
  const started = { urls: [urls.compute, urls.image, urls.identity], metricsUrl, cloudsYaml }
  return workOf(started, running, logger)
}

function workOf(
  started: WorkerStarted,
  running: Pick<RunningInFront, 'reload' | 'leave' | 'close'>,
  logger: Logger,
): Work<WorkerGiven, WorkerStarted> {
  return {
    started,
    reload: (given) => {
      const { config } = shareOfWorker(given.config)
      logger.level = config.log.level
      running.reload({ config, keyPairs: asSecrets(given.secrets).keyPairs })
    },
    leave: () => running.leave(),
    close: () => running.close(),
  }
}

async function serveInFront(
  options: CloudOptions & { readonly logger: Logger },
): Promise<Work<WorkerGiven, WorkerStarted>> {
  const { startInFront } = await import('../server/serve-cloud.ts')
  const running = await startInFront(options)
  const started = { urls: [running.url], metricsUrl: running.metricsUrl, cloudsYaml: undefined }
  return workOf(started, running, options.logger)
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (processEnvironment()[DEBUG_VARIABLE]) process.stderr.write(`${error.stack}\n`)
  return fileTroubleOf(error)?.message ?? error.message
}

silenceExperimentalSqlite()
keepHeapSmall()
const stop = stopOnSignals()
// A terminal that goes away tells all; the first process says what it means.
stop.onHangUp(() => undefined)
await beWorker({ stop: stop.signal, serve, explain })
