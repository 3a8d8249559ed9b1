import type { FastifyBaseLogger } from 'fastify'
import { computeFace } from '../api/compute/face.ts'
import type { Endpoint } from '../api/face/endpoints.ts'
import { trustedProxyList } from '../api/request/base-url.ts'
import type { CatalogueFor } from '../catalogue/catalogue.ts'
import { openGlance } from '../catalogue/glance/glance-catalogue.ts'
import { ShortMemory } from '../catalogue/short-memory/short-memory.ts'
import type { Config, Secrets } from '../config/config.ts'
import type { Identity } from '../identity/identity.ts'
import { KeystoneIdentity } from '../identity/keystone/keystone-identity.ts'
import { withoutVersion } from '../identity/keystone/read-token.ts'
import type { ServiceUser } from '../identity/keystone/service-token.ts'
import { UncheckedIdentity } from '../identity/unchecked/unchecked-identity.ts'
import type { CallerCounters } from '../limits/caller-counters.ts'
import type { ServiceMeter } from '../metrics/upstream-metrics.ts'
import { Upstream, type UpstreamEvent } from '../upstream/upstream.ts'
import { CallerGate } from './caller-gate.ts'
import { Compression } from './compression/compression.ts'
import { drain, leave } from './drain.ts'
import { endOfCalls } from './end-of-calls.ts'
import { createHttpServer } from './http-server.ts'
import { idleTimeoutMs } from './idle-timeout.ts'
import { openLedger } from './ledger.ts'
import type { ServerLimits } from './limits.ts'
import { type Listening, listen } from './listen.ts'
import { measureShortMemory, measureSlots } from './measure.ts'
import { type OpenedMetrics, openMetrics } from './metrics.ts'
import { openNovaProxy } from './nova-proxy.ts'
import { probe } from './probe.ts'
import { Readiness } from './readiness.ts'
import { upstreamCheck } from './readiness-checks.ts'
import { Present, type Reloaded } from './reload.ts'
import { RequestGate } from './request-gate.ts'
import { openRequestLog, type RequestLog } from './request-log.ts'
import { tracedFor } from './traced-catalogue.ts'
import { openTracer } from './tracing.ts'

export interface CloudOptions {
  /** With `glance.url`; a cloud's name has become addresses already. */
  readonly config: Config
  readonly secrets: Secrets
  readonly logger: FastifyBaseLogger
  /** This process's share of the limits of the listener; by default all of them. */
  readonly limits?: Partial<ServerLimits>
  /** What counts the requests of callers; by default this process, for itself. */
  readonly callerCounters?: CallerCounters
}

/** An Afterimage in front of a Glance. */
export interface RunningInFront {
  /** Where the Compute API is reached on this machine, such as `http://127.0.0.1:8774`. */
  readonly url: string
  /** Where the metrics are printed; undefined: nowhere. */
  readonly metricsUrl: string | undefined
  /** Checks whether the services answer. @returns a line for each that does not. */
  probe(): Promise<readonly string[]>
  /** Has other settings from now on, without a break. */
  reload(reloaded: Reloaded): void
  /** Asks balancers for no more requests, and goes on answering for `shutdown.delayMs`. */
  leave(): Promise<void>
  /** Stops taking requests, finishes those in flight, closes every connection. */
  close(): Promise<void>
}

/**
 * The composition root of an Afterimage without a catalogue of its own: nothing is stored, and only
 * the compute port listens. What fails closes what was opened.
 * @throws ListenError, Error when the file of certificates cannot be read
 */
export async function startInFront({
  config,
  secrets,
  logger,
  limits,
  callerCounters,
}: CloudOptions): Promise<RunningInFront> {
  const metrics = openMetrics(config, logger)
  const requestLog = openRequestLog(config, logger)
  const tracer = await openTracer(config, logger)
  const { glance, keystone } = openUpstreams(config, logger, { metrics, requestLog })
  const nova = openNovaProxy(config, metrics)
  const ledger = openLedger(config, logger)
  const present = new Present(config)
  const users = identityOver(keystone, config, secrets, metrics)
  const trustedProxies = trustedProxyList(config.trustedProxies)
  const callers = new CallerGate(config.limits, trustedProxies, undefined, callerCounters)
  const catalogueFor = catalogueOver(glance, config, logger, metrics)
  const face = computeFace({
    baseUrl: { publicUrl: config.compute.publicUrl, trustedProxies },
    callerLimits: callers,
    image: imageEndpoint(config),
    identity: identityEndpoint(config),
    users,
    catalogueFor: tracer === undefined ? catalogueFor : tracedFor(catalogueFor),
    ...endOfCalls(config, () => present.config),
    ...(nova === undefined ? {} : { elsewhere: nova }),
    ...(ledger === undefined ? {} : { ledger }),
  })
  const readiness = readinessOver(glance, keystone)
  const given = { ...limits, idleTimeoutMs: idleTimeoutMs(config) }
  const gate = new RequestGate(config.limits, (request) => callers.turnOf(request))
  if (metrics !== undefined) measureSlots(metrics.registry, gate.slots)
  const meter = metrics?.requests.port('compute')
  const app = createHttpServer(face, logger, given, {
    ...{ readiness, gate, callers, meter, requestLog, tracer, keyPair: secrets.keyPairs.compute },
    compression: config.compression ? new Compression() : undefined,
  })
  present.hold({ apps: { compute: app }, gate, callers, requestLog })
  const close = async () => {
    await drain([app])
    await metrics?.close()
    await tracer?.close()
    ledger?.close()
    await Promise.all([glance, keystone, nova].map((client) => client?.close()))
  }
  let listening: Listening
  let metricsUrl: string | undefined
  try {
    listening = await listen(app, 'compute', config.host, config.compute.port)
    metricsUrl = await metrics?.listen()
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: listening.url,
    metricsUrl,
    probe: () => probeAll(glance, keystone),
    reload: (reloaded) => present.reload(reloaded),
    leave: () => leave(readiness, config.shutdown.delayMs),
    close,
  }
}

interface UpstreamObservers {
  readonly metrics?: OpenedMetrics | undefined
  readonly requestLog?: RequestLog
}

function openUpstreams(
  config: Config,
  logger: FastifyBaseLogger,
  { metrics, requestLog }: UpstreamObservers,
): { glance: Upstream; keystone: Upstream | undefined } {
  const { caFile, ...limits } = config.upstream
  const open = (name: 'Glance' | 'Keystone', urls: readonly string[]) => {
    const meter = metrics?.upstreams.service(name.toLowerCase(), () => upstream.stats())
    const log = (event: UpstreamEvent) => {
      logEvent(logger, event)
      requestLog?.noteUpstream(event)
      if (meter !== undefined) countEvent(meter, event)
    }
    const ca = caFile === undefined ? {} : { caFile }
    const upstream = new Upstream({ name, urls: urls.map(withoutVersion), limits, log, ...ca })
    return upstream
  }
  const { url } = config.keystone
  return {
    glance: open('Glance', config.glance.url),
    keystone: url === undefined ? undefined : open('Keystone', [url]),
  }
}

function countEvent(meter: ServiceMeter, { kind, status, fault, durationMs }: UpstreamEvent): void {
  if (kind === 'repeated') meter.repeated()
  // One whose caller has left says nothing of how long the service takes.
  else meter.ended(String(status ?? fault), fault === 'aborted' ? undefined : durationMs)
}

function logEvent(logger: FastifyBaseLogger, { kind, ...event }: UpstreamEvent): void {
  const text = `a request to ${event.service} was ${kind}`
  const isFine = kind === 'answered' && (event.status ?? 0) < 500
  if (isFine || event.fault === 'aborted') logger.debug(event, text)
  else if (kind === 'repeated') logger.info(event, text)
  else logger.warn(event, text)
}

function identityOver(
  keystone: Upstream | undefined,
  { keystone: settings, region }: Config,
  { servicePassword }: Secrets,
  metrics: OpenedMetrics | undefined,
): Identity {
  if (keystone === undefined) return new UncheckedIdentity()
  const { serviceUser: name } = settings
  const serviceUser: ServiceUser | undefined =
    name === undefined || servicePassword === undefined
      ? undefined
      : {
          name,
          password: servicePassword.reveal(),
          domainName: settings.serviceUserDomain,
          projectName: settings.serviceProject,
          projectDomainName: settings.serviceProjectDomain,
        }
  const watch = metrics?.watchTokens
  return new KeystoneIdentity({ upstream: keystone, region, serviceUser, watch })
}

function catalogueOver(
  glance: Upstream,
  { cache, keystone }: Config,
  logger: FastifyBaseLogger,
  metrics: OpenedMetrics | undefined,
): CatalogueFor {
  const catalogueFor = openGlance(glance, {
    areViewersKnown: keystone.url !== undefined,
    onOddRows: (odd, requestId) =>
      logger.warn({ ...odd, requestId }, 'images in an answer of Glance are not as they should be'),
  })
  const { ttlMs, staleIfErrorMs, keyByUser: isKeyedByUser } = cache
  if (ttlMs === 0 && staleIfErrorMs === 0) return catalogueFor
  const memory = new ShortMemory(catalogueFor, { ttlMs, staleIfErrorMs, isKeyedByUser })
  if (metrics !== undefined) measureShortMemory(metrics.registry, memory)
  return memory.catalogueFor
}

/** With a Keystone, the address of Glance may be internal, so callers must not see it. */
function imageEndpoint({ image, glance, keystone }: Config): Endpoint | 'of_caller' {
  if (image.publicUrl !== undefined) return fixed(withoutVersion(image.publicUrl))
  const [first] = glance.url
  return keystone.url !== undefined || first === undefined
    ? 'of_caller'
    : fixed(withoutVersion(first))
}

function identityEndpoint({ identity, keystone }: Config): Endpoint | 'unknown' {
  const url = identity.publicUrl ?? keystone.url
  return url === undefined ? 'unknown' : fixed(withoutVersion(url))
}

function fixed(publicUrl: string): Endpoint {
  return { publicUrl, port: () => 0 }
}

/** Checks, on connections of its own, whether the services answer; as `RunningInFront.probe`. */
export async function probeServices(
  config: Config,
  logger: FastifyBaseLogger,
): Promise<readonly string[]> {
  const { glance, keystone } = openUpstreams(config, logger, {})
  try {
    return await probeAll(glance, keystone)
  } finally {
    await Promise.all([glance.close(), keystone?.close()])
  }
}

/** Neither path needs a token. */
const GLANCE_PROBE = '/versions'
const KEYSTONE_PROBE = '/v3'

async function probeAll(
  glance: Upstream,
  keystone: Upstream | undefined,
): Promise<readonly string[]> {
  const found = await Promise.all([
    probe(glance, GLANCE_PROBE),
    keystone === undefined ? undefined : probe(keystone, KEYSTONE_PROBE),
  ])
  return found.filter((trouble) => trouble !== undefined)
}

function readinessOver(glance: Upstream, keystone: Upstream | undefined): Readiness {
  return new Readiness([
    upstreamCheck(glance, GLANCE_PROBE),
    ...(keystone === undefined ? [] : [upstreamCheck(keystone, KEYSTONE_PROBE)]),
  ])
}
