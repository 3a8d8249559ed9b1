import type { DeprecationPolicy } from '../deprecation/policy.ts'
import type { KeyPairs } from './key-pair.ts'
import type { OptionValues } from './options.ts'
import type { Secret } from './secret.ts'
import type { ServiceName } from './tls-options.ts'

/** Where a certificate is, and its key. */
export interface TlsConfig {
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/** Where one face listens, and what clients see of it. */
export interface FaceConfig {
  /** 0: any free port. */
  readonly port: number
  /** Without a slash at its end; undefined: links follow the request. */
  readonly publicUrl: string | undefined
  /** In place of what all services have. */
  readonly tls: TlsConfig
}

export interface ImageConfig extends FaceConfig {
  readonly sizeBytesMax: number
  readonly freeBytesMin: number
  readonly uploadsMax: number
  readonly requireFormatMatch: boolean
}

export interface KeystoneConfig {
  readonly url: string | undefined
  readonly serviceUser: string | undefined
  readonly serviceUserDomain: string
  readonly serviceProject: string
  readonly serviceProjectDomain: string
  readonly servicePasswordFile: string | undefined
}

export interface UpstreamConfig {
  readonly caFile: string | undefined
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly concurrentMax: number
  readonly queueMax: number
  readonly answerBytesMax: number
}

/** What keeps one caller from slowing down another. */
export interface LimitsConfig {
  readonly requestsInFlight: number
  readonly queuedRequests: number
  readonly queueTimeoutMs: number
  /** 0: no limit. */
  readonly projectRequestsPerMinute: number
  readonly projectBurst: number
  /** 0: no limit. */
  readonly addressRequestsPerMinute: number
  readonly addressBurst: number
  /** 0: no limit. */
  readonly listsPerCaller: number
  /** 0: no limit. */
  readonly uploadsPerCaller: number
}

/** The whole configuration: checked, complete, deeply frozen, without secrets. */
export interface Config {
  /** Absolute path of the data folder. */
  readonly data: string
  readonly host: string
  /** Processes that answer requests. */
  readonly workers: number
  readonly compute: FaceConfig & {
    readonly upstreamUrl: string | undefined
    readonly upstreamTimeoutMs: number
    readonly serveAboveMicroversion: boolean
  }
  readonly image: ImageConfig
  readonly identity: FaceConfig
  /** For all services. */
  readonly tls: TlsConfig
  /** Compress answers for callers who ask for it. */
  readonly compression: boolean
  /** IP addresses and networks in CIDR form. */
  readonly trustedProxies: readonly string[]
  /** Name of a cloud in a clouds.yaml; it replaces the next two. */
  readonly cloud: string | undefined
  readonly glance: { readonly url: readonly string[] }
  readonly keystone: KeystoneConfig
  readonly region: string | undefined
  readonly cache: {
    readonly ttlMs: number
    readonly keyByUser: boolean
    readonly staleIfErrorMs: number
  }
  readonly upstream: UpstreamConfig
  readonly tokens: { readonly lifetimeHours: number }
  readonly shutdown: { readonly delayMs: number }
  readonly deprecation: DeprecationPolicy
  readonly ledger: {
    readonly enabled: boolean
    readonly file: string | undefined
    readonly rowsMax: number
    readonly retentionDays: number
    readonly withUsers: boolean
    readonly withAddresses: boolean
  }
  readonly limits: LimitsConfig
  readonly metrics: {
    readonly host: string
    /** 0: nothing is measured. */
    readonly port: number
  }
  readonly tracing: {
    /** Without a slash at its end; undefined: no spans are recorded. */
    readonly otlpUrl: string | undefined
    /** 0 to 1. */
    readonly sampleRatio: number
  }
  readonly log: {
    readonly level: OptionValues['log.level']
    /** undefined: text on a terminal, else json. */
    readonly format: OptionValues['log.format']
    readonly requests: boolean
    readonly slowMs: number
  }
}

/** Kept apart from Config, so that a Config may be printed. */
export interface Secrets {
  /** For the users that the first start makes; undefined: generate. */
  readonly password: Secret | undefined
  /** Of `keystone.serviceUser`. */
  readonly servicePassword: Secret | undefined
  /** What the services are served with. */
  readonly keyPairs: KeyPairs
}

export function assembleConfig(values: OptionValues): Config {
  const face = (name: ServiceName): FaceConfig => ({
    port: values[`${name}.port`],
    publicUrl: values[`${name}.publicUrl`],
    tls: tlsOf(values, `${name}.tls`),
  })
  return deepFreeze({
    data: values['data'],
    host: values['host'],
    workers: values['workers'],
    compute: {
      ...face('compute'),
      upstreamUrl: values['compute.upstreamUrl'],
      upstreamTimeoutMs: values['compute.upstreamTimeoutMs'],
      serveAboveMicroversion: values['compute.serveAboveMicroversion'],
    },
    image: {
      ...face('image'),
      sizeBytesMax: values['image.sizeBytesMax'],
      freeBytesMin: values['image.freeBytesMin'],
      uploadsMax: values['image.uploadsMax'],
      requireFormatMatch: values['image.requireFormatMatch'],
    },
    identity: face('identity'),
    tls: tlsOf(values, 'tls'),
    compression: values['compression'],
    trustedProxies: [...values['trustedProxies']],
    cloud: values['cloud'],
    glance: { url: [...(values['glance.url'] ?? [])] },
    keystone: keystoneOf(values),
    region: values['region'],
    cache: {
      ttlMs: values['cache.ttlMs'],
      keyByUser: values['cache.keyByUser'],
      staleIfErrorMs: values['cache.staleIfErrorMs'],
    },
    upstream: upstreamOf(values),
    tokens: { lifetimeHours: values['tokens.lifetimeHours'] },
    shutdown: { delayMs: values['shutdown.delayMs'] },
    deprecation: {
      sunsetAt: values['deprecation.sunsetAt'],
      policyUrl: values['deprecation.policyUrl'],
      successor: values['deprecation.successor'],
      afterSunset: values['deprecation.afterSunset'],
      exceptProjects: [...values['deprecation.exceptProjects']],
      exceptClients: [...values['deprecation.exceptClients']],
      brownouts: values['deprecation.brownouts'].map((window) => ({ ...window })),
    },
    ledger: {
      enabled: values['ledger.enabled'],
      file: values['ledger.file'],
      rowsMax: values['ledger.rowsMax'],
      retentionDays: values['ledger.retentionDays'],
      withUsers: values['ledger.withUsers'],
      withAddresses: values['ledger.withAddresses'],
    },
    limits: limitsOf(values),
    metrics: { host: values['metrics.host'], port: values['metrics.port'] },
    tracing: { otlpUrl: values['tracing.otlpUrl'], sampleRatio: values['tracing.sampleRatio'] },
    log: {
      level: values['log.level'],
      format: values['log.format'],
      requests: values['log.requests'],
      slowMs: values['log.slowMs'],
    },
  })
}

function tlsOf(values: OptionValues, prefix: 'tls' | `${ServiceName}.tls`): TlsConfig {
  return { certFile: values[`${prefix}.certFile`], keyFile: values[`${prefix}.keyFile`] }
}

function keystoneOf(values: OptionValues): KeystoneConfig {
  return {
    url: values['keystone.url'],
    serviceUser: values['keystone.serviceUser'],
    serviceUserDomain: values['keystone.serviceUserDomain'],
    serviceProject: values['keystone.serviceProject'],
    serviceProjectDomain: values['keystone.serviceProjectDomain'],
    servicePasswordFile: values['keystone.servicePasswordFile'],
  }
}

function upstreamOf(values: OptionValues): UpstreamConfig {
  return {
    caFile: values['upstream.caFile'],
    connectTimeoutMs: values['upstream.connectTimeoutMs'],
    firstByteTimeoutMs: values['upstream.firstByteTimeoutMs'],
    answerTimeoutMs: values['upstream.answerTimeoutMs'],
    concurrentMax: values['upstream.concurrentMax'],
    queueMax: values['upstream.queueMax'],
    answerBytesMax: values['upstream.answerBytesMax'],
  }
}

function limitsOf(values: OptionValues): LimitsConfig {
  return {
    requestsInFlight: values['limits.requestsInFlight'],
    queuedRequests: values['limits.queuedRequests'],
    queueTimeoutMs: values['limits.queueTimeoutMs'],
    projectRequestsPerMinute: values['limits.projectRequestsPerMinute'],
    projectBurst: values['limits.projectBurst'],
    addressRequestsPerMinute: values['limits.addressRequestsPerMinute'],
    addressBurst: values['limits.addressBurst'],
    listsPerCaller: values['limits.listsPerCaller'],
    uploadsPerCaller: values['limits.uploadsPerCaller'],
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
