import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Answers } from '../api/compute/answers.ts'
import type { Elsewhere } from '../api/compute/elsewhere.ts'
import { computeFace } from '../api/compute/face.ts'
import type { Endpoint } from '../api/face/endpoints.ts'
import type { Face, FaceName } from '../api/face/face.ts'
import { identityFace } from '../api/identity/face.ts'
import type { ImageDataService } from '../api/image/dependencies.ts'
import { imageFace } from '../api/image/face.ts'
import { answerCloudimages } from '../api/ims/list.ts'
import { trustedProxyList } from '../api/request/base-url.ts'
import type { ImageStore } from '../catalogue/catalogue.ts'
import type { ManagedCatalogue } from '../catalogue/managed-catalogue.ts'
import { openSqliteCatalogue } from '../catalogue/sqlite/sqlite-catalogue.ts'
import type { Config, Secrets } from '../config/config.ts'
import { Database } from '../database/database.ts'
import { Administration } from '../identity/local/administration.ts'
import type { Attempts } from '../identity/local/attempts.ts'
import { bootstrap, type FirstAccounts } from '../identity/local/bootstrap.ts'
import { pointCloudsYaml, writeCloudsYaml } from '../identity/local/clouds-yaml.ts'
import { LocalIdentity } from '../identity/local/local-identity.ts'
import type { CallLedger } from '../ledger/call-ledger.ts'
import type { CallerCounters } from '../limits/caller-counters.ts'
import { UploadMetrics } from '../metrics/upload-metrics.ts'
import type { Trace, Tracer } from '../tracing/trace.ts'
import { loadExample } from '../transfer/example.ts'
import { CallerGate } from './caller-gate.ts'
import { Compression } from './compression/compression.ts'
import { countUploads } from './count-uploads.ts'
import { inDataFolder } from './data-folder.ts'
import { drain, leave } from './drain.ts'
import { endOfCalls } from './end-of-calls.ts'
import { createHttpServer } from './http-server.ts'
import { idleTimeoutMs } from './idle-timeout.ts'
import { type OpenedImageData, openImageData } from './image-data.ts'
import { openLedger } from './ledger.ts'
import type { ServerLimits } from './limits.ts'
import { type Listening, listen } from './listen.ts'
import { measureAnswers, measureCatalogue, measureSlots } from './measure.ts'
import { type OpenedMetrics, openMetrics } from './metrics.ts'
import { openNovaProxy } from './nova-proxy.ts'
import { Readiness } from './readiness.ts'
import { catalogueCheck, diskCheck } from './readiness-checks.ts'
import { Present, type Reloaded } from './reload.ts'
import { RequestGate } from './request-gate.ts'
import { openRequestLog } from './request-log.ts'
import { TracedManagedCatalogue, tracedFor } from './traced-catalogue.ts'
import { openTracer } from './tracing.ts'
import { watchFile } from './watch-file.ts'
import { WriteTroubles } from './write-troubles.ts'

const HOUR_MS = 3_600_000
const FACES: readonly FaceName[] = ['compute', 'image', 'identity']

/** The catalogue's file in the data folder. */
export const DATABASE_FILE = 'afterimage.db'

export interface StartOptions {
  readonly config: Config
  readonly secrets: Secrets
  readonly logger: FastifyBaseLogger
  /** Fill an empty catalogue with the example images. */
  readonly withExample: boolean
  /** What counts the guesses of passwords; by default this process, for itself. */
  readonly attempts?: Attempts
  /** What counts the requests of callers; by default this process, for itself. */
  readonly callerCounters?: CallerCounters
  /** This process's share of the limits of a listener; by default all of them. */
  readonly limits?: Partial<ServerLimits>
  /** Told how many images of an older file have been brought up to date, of how many. */
  readonly onRenewing?: (imagesDone: number, images: number) => void
  /** Whether a large file is checked beside the requests; of several processes one is enough. */
  readonly checksFile?: boolean
}

/** A running Afterimage. */
export interface Running {
  /** Where each face is reached on this machine, such as `http://127.0.0.1:8774`. */
  readonly urls: Readonly<Record<FaceName, string>>
  /** Where the metrics are printed; undefined: nowhere. Several workers print at several places. */
  readonly metricsUrl: string | undefined
  /** How clients sign in; undefined when the operator has removed the file. */
  readonly cloudsYaml: string | undefined
  /** This start made the first users. */
  readonly isFirstStart: boolean
  /** How many example images this start stored. */
  readonly exampleImages: number
  /** Has other settings from now on, without a break. */
  reload(reloaded: Reloaded): void
  /** Asks balancers for no more requests, and goes on answering for `shutdown.delayMs`. */
  leave(): Promise<void>
  /** Stops taking requests, finishes those in flight, closes the catalogue. */
  close(): Promise<void>
}

/**
 * The composition root: opens the data folder, makes the first users, and starts one listener for
 * each face. What fails closes what was opened.
 * @throws DatabaseRefused, FileTrouble, ListenError, CloudsYamlRefused, AdministrationError
 */
export async function startAfterimage(options: StartOptions): Promise<Running> {
  const { config } = options
  const metrics = openMetrics(config, options.logger)
  const nova = openNovaProxy(config, metrics)
  const tracer = await openTracer(config, options.logger)
  const { database, firstAccounts } = await inDataFolder(config.data, () => openAccounts(options))
  const troubles = new WriteTroubles(options.logger, () => database.tryWrite())
  database.watchWrites(troubles)
  const file = join(config.data, DATABASE_FILE)
  const fileWatch = options.checksFile === false ? undefined : watchFile(file, options.logger)
  const readiness = new Readiness([
    catalogueCheck(() => troubles.current()),
    ...(fileWatch === undefined ? [] : [fileWatch.readiness]),
    diskCheck(config.data, config.image.freeBytesMin),
  ])
  const present = new Present(config)
  const apps: FastifyInstance[] = []
  let imageData: OpenedImageData | undefined
  let ledger: CallLedger | undefined
  const close = async () => {
    await drain(apps)
    await metrics?.close()
    await tracer?.close()
    ledger?.close()
    await imageData?.close()
    await nova?.close()
    fileWatch?.[Symbol.dispose]()
    troubles[Symbol.dispose]()
    database.close()
  }
  try {
    const { onRenewing } = options
    const catalogue = openSqliteCatalogue(database, onRenewing === undefined ? {} : { onRenewing })
    const exampleImages = options.withExample ? await fillEmpty(catalogue, database) : 0
    imageData = await openImageData(config.data, catalogue, config.image, options.logger)
    ledger = openLedger(config, options.logger)
    if (metrics !== undefined) {
      const file = join(config.data, DATABASE_FILE)
      measureCatalogue(metrics.registry, database, file)
    }
    const listening = await listenAll(
      { ...options, nova, ledger, readiness, metrics, tracer, present },
      database,
      imageData,
      apps,
    )
    const metricsUrl = await metrics?.listen()
    const cloudsYaml = pointCloudsYaml(config.data, identityUrl(config, listening.identity.port))
    return {
      urls: {
        compute: listening.compute.url,
        image: listening.image.url,
        identity: listening.identity.url,
      },
      metricsUrl,
      cloudsYaml,
      isFirstStart: firstAccounts !== undefined,
      exampleImages,
      reload: (reloaded) => present.reload(reloaded),
      leave: () => leave(readiness, config.shutdown.delayMs),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface OpenedAccounts {
  readonly database: Database
  /** Made by this start. */
  readonly firstAccounts: FirstAccounts | undefined
}

/** Opens the database, and makes the first users where there are none. */
export async function openAccounts({
  config,
  secrets,
}: Pick<StartOptions, 'config' | 'secrets'>): Promise<OpenedAccounts> {
  const database = new Database(join(config.data, DATABASE_FILE))
  try {
    const password = secrets.password?.reveal()
    const planned = identityUrl(config, config.identity.port)
    const firstAccounts = await bootstrap(database, {
      ...(password === undefined ? {} : { password }),
      keep: (accounts) => writeCloudsYaml(config.data, accounts, planned),
    })
    return { database, firstAccounts }
  } catch (error) {
    database.close()
    throw error
  }
}

/** The example images belong to the first projects; without these none are stored. */
export async function fillEmpty(store: ImageStore, database: Database): Promise<number> {
  const projects = new Administration(database).listProjects()
  const idOf = (wanted: string) => projects.find(({ name }) => name === wanted)?.id
  const [admin, demo] = [idOf('admin'), idOf('demo')]
  return admin === undefined || demo === undefined ? 0 : await loadExample(store, { admin, demo })
}

/** What `clouds.yaml` says of this server: the public URL if there is one, else this machine. */
export function identityUrl(config: Config, port: number): string {
  const scheme = isOverTls(config, 'identity') ? 'https' : 'http'
  return `${config.identity.publicUrl ?? `${scheme}://${localHost(config.host)}:${port}`}/v3`
}

function isOverTls(config: Config, name: FaceName): boolean {
  return (config[name].tls.certFile ?? config.tls.certFile) !== undefined
}

/** undefined if all services have the same, which a proxy in front may change for all. */
function schemeOf(name: FaceName, config: Config): Endpoint['scheme'] {
  const overTls = FACES.filter((face) => isOverTls(config, face))
  if (overTls.length === 0 || overTls.length === FACES.length) return undefined
  return overTls.includes(name) ? 'https' : 'http'
}

/** A wildcard address is reached through loopback from this machine. */
function localHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function counted(service: ImageDataService, { registry }: OpenedMetrics): ImageDataService {
  return { ...service, files: countUploads(service.files, new UploadMetrics(registry)) }
}

function spannedOver(catalogue: ManagedCatalogue) {
  return (trace: Trace) => new TracedManagedCatalogue(catalogue, trace)
}

interface OpenedBeside {
  readonly nova: Elsewhere | undefined
  readonly ledger: CallLedger | undefined
  readonly readiness: Readiness
  readonly metrics: OpenedMetrics | undefined
  readonly tracer: Tracer | undefined
  readonly present: Present
}

/** @param ports those that listen already */
function endpointsOf(
  config: Config,
  ports: ReadonlyMap<FaceName, number>,
): Record<FaceName, Endpoint> {
  const endpoint = (name: FaceName): Endpoint => ({
    publicUrl: config[name].publicUrl,
    port: () => ports.get(name) ?? config[name].port,
    scheme: schemeOf(name, config),
  })
  return { compute: endpoint('compute'), image: endpoint('image'), identity: endpoint('identity') }
}

async function listenAll(
  {
    config,
    logger,
    nova,
    ledger,
    readiness,
    metrics,
    tracer,
    present,
    ...own
  }: StartOptions & OpenedBeside,
  database: Database,
  { catalogue, service }: OpenedImageData,
  apps: FastifyInstance[],
): Promise<Record<FaceName, Listening>> {
  const ports = new Map<FaceName, number>()
  const trustedProxies = trustedProxyList(config.trustedProxies)
  const policy = (name: FaceName) => ({ publicUrl: config[name].publicUrl, trustedProxies })
  const users = new LocalIdentity(database, {
    tokenLifetimeMs: config.tokens.lifetimeHours * HOUR_MS,
    attempts: own.attempts,
    watch: metrics?.watchTokens,
  })
  const answers = new Answers()
  if (metrics !== undefined) measureAnswers(metrics.registry, answers)
  const callers = new CallerGate(config.limits, trustedProxies, undefined, own.callerCounters)
  const common = { ...endpointsOf(config, ports), users, callerLimits: callers }
  const faces: Record<FaceName, Face> = {
    compute: computeFace({
      ...common,
      baseUrl: policy('compute'),
      catalogueFor: tracer === undefined ? () => catalogue : tracedFor(() => catalogue),
      answers,
      ...endOfCalls(config, () => present.config),
      ...(nova === undefined ? {} : { elsewhere: nova }),
      ...(ledger === undefined ? {} : { ledger }),
    }),
    image: imageFace({
      ...common,
      baseUrl: policy('image'),
      catalogue,
      ...(tracer === undefined ? {} : { catalogueWithin: spannedOver(catalogue) }),
      now: () => Math.floor(Date.now() / 1000),
      data: metrics === undefined ? service : counted(service, metrics),
      cloudimages: answerCloudimages,
    }),
    identity: identityFace({ ...common, baseUrl: policy('identity') }),
  }
  const gate = new RequestGate(config.limits, (request) => callers.turnOf(request))
  if (metrics !== undefined) measureSlots(metrics.registry, gate.slots)
  const compression = config.compression ? new Compression() : undefined
  const requestLog = openRequestLog(config, logger)
  const listening: Partial<Record<FaceName, Listening>> = {}
  const served: Partial<Record<FaceName, FastifyInstance>> = {}
  const given = { ...own.limits, idleTimeoutMs: idleTimeoutMs(config) }
  for (const name of FACES) {
    const meter = metrics?.requests.port(name, faces[name].apiOf)
    const keyPair = own.secrets.keyPairs[name]
    const watching = { meter, requestLog, tracer }
    const parts = { readiness, gate, callers, compression, keyPair, ...watching }
    const app = createHttpServer(faces[name], logger, given, parts)
    apps.push(app)
    served[name] = app
    listening[name] = await listen(app, name, config.host, config[name].port)
    ports.set(name, listening[name].port)
  }
  present.hold({ apps: served, gate, callers, requestLog })
  return listening as Record<FaceName, Listening>
}
