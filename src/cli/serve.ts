import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { LoadedConfig } from '../config/load.ts'
import { modeOf } from '../config/pairs.ts'
import { CLOUD } from '../identity/local/clouds-yaml.ts'
import { logBrownouts } from '../server/end-of-calls.ts'
import type { Reloaded } from '../server/reload.ts'
import { shellWord } from '../successor/source-text.ts'
import { addConfigFlags, loadGivenConfig } from './config-flags.ts'
import { UsageFailure } from './failure.ts'
import { openLog } from './log.ts'
import { logStart } from './log-start.ts'
import { OnHangUp } from './on-hang-up.ts'
import { withAccounts } from './open-data.ts'
import { Following } from './reload.ts'
import { showRenewing } from './renewing.ts'
import { greetingInFront, withCloudAddresses } from './serve-cloud.ts'
import type { Kept, RunningCatalogue, ServedInFront } from './serve-workers.ts'
import { openServiceManager } from './service-manager.ts'
import type { Terminal } from './terminal.ts'

/** What the first user signs in to. */
const PROJECT = 'demo'

const EXAMPLES = `
Every option is also a variable (AFTERIMAGE_COMPUTE_PORT) and a key of the YAML file (compute.port).

Examples:
  afterimage serve
  afterimage serve --data /var/lib/afterimage --host 0.0.0.0
  afterimage serve --compute-port 0 --image-port 0 --identity-port 0
  afterimage serve --cloud mycloud
  afterimage serve --glance-url http://10.0.0.11:9292 --keystone-url http://10.0.0.10:5000`

/** `serve`: runs until it is told to stop. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('serve')
    .description('serve the Compute, Image and Identity APIs, or Compute in front of a Glance')
    .option('--example', 'begin a new catalogue with a dozen example images')
    .addHelpText('after', EXAMPLES)
    .action(async () => runServe(command, terminal))
  addConfigFlags(command)
}

async function runServe(command: Command, terminal: Terminal): Promise<void> {
  const load = () => loadGivenConfig(command, terminal)
  const loaded = load()
  const start: Start = { loaded, load, hangUp: new OnHangUp(terminal) }
  const { example = false } = command.opts<{ example?: boolean }>()
  if (modeOf(loaded.config) === 'embedded') return serveCatalogue(start, example, terminal)
  if (example) throw new UsageFailure('--example is for the embedded catalogue; leave it out')
  return serveInFront(start, terminal)
}

interface Start {
  readonly loaded: LoadedConfig
  /** Reads the configuration again. */
  load(): LoadedConfig
  readonly hangUp: OnHangUp
}

async function serveInFront(start: Start, terminal: Terminal): Promise<void> {
  const { loaded } = start
  const { secrets } = loaded
  const config = await withCloudAddresses(loaded, terminal)
  const logger = await openLog(config, terminal.stderr)
  const running = await startInFront({ config, secrets, logger }, terminal)
  const ending = beServed(start, logger, running, terminal)
  try {
    terminal.stdout.write(greetingInFront(config, running, terminal))
    logStart(logger, { ...loaded, config }, { compute: running.url, metrics: running.metricsUrl })
    for (const trouble of await running.probe()) terminal.stderr.write(`afterimage: ${trouble}\n`)
    await untilStopped(terminal, config.shutdown.delayMs, running)
    logger.info('stopping')
    ending.begin()
    await running.leave()
  } finally {
    await running.close()
    ending.end()
    logger.info('stopped')
  }
}

async function startInFront(
  options: { readonly logger: Logger } & Pick<LoadedConfig, 'config' | 'secrets'>,
  terminal: Terminal,
): Promise<ServedInFront> {
  if (options.config.workers === 1) {
    return (await import('../server/serve-cloud.ts')).startInFront(options)
  }
  const { startInFrontWorkers } = await import('./serve-workers.ts')
  return startInFrontWorkers(options, options.logger, terminal)
}

async function serveCatalogue(start: Start, example: boolean, terminal: Terminal): Promise<void> {
  const { loaded } = start
  const { config } = loaded
  const logger = await openLog(config, terminal.stderr)
  const running = await startCatalogue(loaded, example, logger, terminal)
  const ending = beServed(start, logger, running, terminal)
  try {
    terminal.stdout.write(await greeting(running, loaded, terminal))
    logStart(logger, loaded, { ...running.urls, metrics: running.metricsUrl })
    await untilStopped(terminal, config.shutdown.delayMs, running)
    logger.info('stopping')
    ending.begin()
    await running.leave()
  } finally {
    await running.close()
    ending.end()
    logger.info('stopped')
  }
}

/** What is said of the end of a server. */
interface Ending {
  /** Before it stops to take requests. */
  begin(): void
  /** After the last one. */
  end(): void
}

/** Reloads on SIGHUP from now on, logs brownouts, and tells the service manager of all that. */
function beServed(
  { loaded, load, hangUp }: Start,
  logger: Logger,
  running: Pick<Kept, 'ask'> & { reload(reloaded: Reloaded): unknown },
  { environment }: Terminal,
): Ending {
  const brownouts = logBrownouts(loaded.config.deprecation, logger)
  const following = new Following(loaded, load, logger, async (reloaded) => {
    await running.reload(reloaded)
    brownouts.follow(reloaded.config.deprecation)
  })
  const manager = openServiceManager(environment, (message) => logger.warn(message))
  const stopWatch = manager.watch(async () => running.ask?.())
  manager.ready()
  hangUp.begin(async () => {
    manager.reloading()
    await following.reload()
    manager.ready()
  })
  return {
    begin: () => manager.stopping(),
    end: () => {
      brownouts.stop()
      stopWatch()
    },
  }
}

async function startCatalogue(
  { config, secrets }: LoadedConfig,
  withExample: boolean,
  logger: Logger,
  terminal: Terminal,
): Promise<RunningCatalogue> {
  if (config.workers === 1) {
    const { startAfterimage } = await import('../server/serve.ts')
    const onRenewing = showRenewing(terminal)
    return startAfterimage({ config, secrets, logger, withExample, onRenewing })
  }
  const { startCatalogueWorkers } = await import('./serve-workers.ts')
  return startCatalogueWorkers({ config, secrets }, withExample, logger, terminal)
}

async function untilStopped(
  { stop, stderr }: Terminal,
  delayMs: number,
  { failed }: Kept,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
  await (failed === undefined ? stopped : Promise.race([stopped, failed]))
  const after = delayMs === 0 ? '' : ` in ${delayMs} ms`
  stderr.write(`afterimage: stopping${after}; requests in flight are finished first\n`)
}

async function greeting(
  running: RunningCatalogue,
  loaded: LoadedConfig,
  terminal: Terminal,
): Promise<string> {
  const { config } = loaded
  const { urls, metricsUrl, cloudsYaml, exampleImages } = running
  const lines = [
    `Afterimage serves ${config.data}`,
    `  compute   ${urls.compute}/v2.1`,
    `  image     ${urls.image}`,
    `  identity  ${urls.identity}/v3`,
    ...(metricsUrl === undefined ? [] : [`  metrics   ${metricsUrl}`]),
  ]
  if (exampleImages > 0)
    lines.push('', `The catalogue begins with ${exampleImages} example images.`)
  if (cloudsYaml !== undefined) {
    lines.push(
      '',
      `To sign in (passwords are in ${cloudsYaml}):`,
      `  export OS_CLIENT_CONFIG_FILE=${shellWord(cloudsYaml)} OS_CLOUD=${CLOUD}`,
    )
    const line = await curlLine(running, loaded, terminal)
    if (line !== undefined) lines.push('', 'To list the images:', `  ${line}`)
  }
  return `${lines.join('\n')}\n\n`
}

/** Works in any shell of this machine, and shows no password. */
async function curlLine(
  running: RunningCatalogue,
  loaded: LoadedConfig,
  terminal: Terminal,
): Promise<string | undefined> {
  const projects = await withAccounts(loaded, terminal, 'existing', (accounts) =>
    accounts.listProjects(),
  )
  const project = projects.find(({ name }) => name === PROJECT)
  if (project === undefined) return undefined
  const token = `${shellWord(terminal.program)} token --data ${shellWord(loaded.config.data)}`
  // A certificate is for the name that clients use, and seldom for an address of this machine.
  const { publicUrl } = loaded.config.compute
  const isTls = running.urls.compute.startsWith('https:')
  const url = isTls ? (publicUrl ?? running.urls.compute) : running.urls.compute
  return `curl -sS -H "X-Auth-Token: $(${token})" ${url}/v2.1/${project.id}/images/detail`
}
