import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { CountedAttempts } from '../identity/local/attempts.ts'
import { countersOf } from '../limits/caller-counters.ts'
import type { Reloaded } from '../server/reload.ts'
import type { Running } from '../server/serve.ts'
import type { RunningInFront } from '../server/serve-cloud.ts'
import { Workers } from '../workers/workers.ts'
import { logFormat } from './log.ts'
import { showRenewing } from './renewing.ts'
import { inClear } from './secrets-in-clear.ts'
import type { Terminal } from './terminal.ts'
import type { WorkerGiven, WorkerStarted } from './worker.ts'

/** What serves, in this process or in several. */
export interface Kept {
  /** Rejects when nothing serves any more. */
  readonly failed?: Promise<never>
  /** Resolves when every other process that serves has answered. */
  readonly ask?: () => Promise<void>
}

/** Other settings for all that serve. */
interface Reloading {
  reload(reloaded: Reloaded): void | Promise<void>
}

export type RunningCatalogue = Kept &
  Reloading &
  Pick<Running, 'urls' | 'metricsUrl' | 'cloudsYaml' | 'exampleImages' | 'leave' | 'close'>

export type ServedInFront = Kept & Reloading & Omit<RunningInFront, 'reload'>

/** More than a worker takes to stop: requests in flight, then uploads, then a margin. */
const STOP_TIMEOUT_MS = 25_000

/** The embedded catalogue, served by several processes. @throws what startAfterimage throws */
export async function startCatalogueWorkers(
  { config, secrets }: Pick<LoadedConfig, 'config' | 'secrets'>,
  withExample: boolean,
  logger: Logger,
  terminal: Terminal,
): Promise<RunningCatalogue> {
  const { prepareData } = await import('../server/prepare.ts')
  const { exampleImages } = await prepareData({
    ...{ config, secrets, logger, withExample },
    onRenewing: showRenewing(terminal),
  })
  const { started, ...kept } = await startWorkers({ config, secrets }, logger, terminal)
  const [compute = '', image = '', identity = ''] = started.urls
  const { cloudsYaml } = started
  const urls = { compute, image, identity }
  return { urls, cloudsYaml, exampleImages, ...kept }
}

/** In front of a Glance, by several processes. @throws what startInFront throws */
export async function startInFrontWorkers(
  { config, secrets }: Pick<LoadedConfig, 'config' | 'secrets'>,
  logger: Logger,
  terminal: Terminal,
): Promise<ServedInFront> {
  const { probeServices } = await import('../server/serve-cloud.ts')
  const { started, ...kept } = await startWorkers({ config, secrets }, logger, terminal)
  const [url = ''] = started.urls
  return { url, probe: () => probeServices(config, logger), ...kept }
}

async function startWorkers(
  { config: asLoaded, secrets }: Pick<LoadedConfig, 'config' | 'secrets'>,
  logger: Logger,
  { stderr }: Terminal,
) {
  // A worker's own stderr is no terminal.
  const format = logFormat(asLoaded.log, stderr)
  const config = { ...asLoaded, log: { ...asLoaded.log, format } }
  let given = { config, secrets }
  const callers = countersOf(config.limits, () => performance.now())
  const workers = new Workers<WorkerGiven, WorkerStarted>({
    count: config.workers,
    file: fileURLToPath(new URL(`worker${extname(import.meta.url)}`, import.meta.url)),
    given: (place, known) => {
      const { config, secrets } = given
      return {
        config: withMetricsAt(place, known === undefined ? config : onPorts(config, known.urls)),
        secrets: inClear(secrets),
        isFirst: place === 0,
      }
    },
    counts: { attempts: new CountedAttempts(Date.now), callers },
    writeLog: (lines) => stderr.write(lines),
    log: logger,
    stopTimeoutMs: config.shutdown.delayMs + STOP_TIMEOUT_MS,
  })
  try {
    const all = await workers.start()
    const started = all[0] ?? { urls: [], cloudsYaml: undefined }
    const metricsUrls = all.flatMap(({ metricsUrl }) => metricsUrl ?? [])
    // Each worker leaves before it closes, as soon as it is told to stop.
    const stop = () => workers.stop()
    const reload = (reloaded: Reloaded) => {
      const log = { ...reloaded.config.log, format }
      const keyPairs = { ...given.secrets.keyPairs, ...reloaded.keyPairs }
      given = {
        config: { ...given.config, ...reloaded.config, log },
        secrets: { ...given.secrets, keyPairs },
      }
      callers.reload(given.config.limits)
      return workers.reload()
    }
    const metricsUrl = metricsUrls.length === 0 ? undefined : metricsUrls.join(', ')
    return {
      started,
      metricsUrl,
      failed: workers.failed,
      ask: () => workers.ask(),
      reload,
      leave: stop,
      close: stop,
    }
  } catch (error) {
    await workers.stop()
    throw error
  }
}

/** Each worker counts for itself, so each has a port of its own for it. */
function withMetricsAt(place: number, config: Config): Config {
  const { host, port } = config.metrics
  return { ...config, metrics: { host, port: port === 0 ? 0 : port + place } }
}

const USUAL_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** The same configuration, with the ports that were found for those given as 0. */
function onPorts(config: Config, urls: readonly string[]): Config {
  const [compute, image, identity] = urls.map((url) => {
    const { port, protocol } = new URL(url)
    return Number(port || USUAL_PORTS[protocol])
  })
  return {
    ...config,
    compute: { ...config.compute, port: compute ?? config.compute.port },
    image: { ...config.image, port: image ?? config.image.port },
    identity: { ...config.identity, port: identity ?? config.identity.port },
  }
}
