import type { Config } from './config.ts'
import { flagOf, OPTION_KEYS, type OptionKey, SERVICE_PASSWORD_VARIABLE } from './options.ts'
import { type Origin, printOrigin } from './settings.ts'
import { PORT_MAX } from './values.ts'

/** What holds the images, and what knows the callers. */
export type Mode =
  /** The embedded catalogue and its own identity. */
  | 'embedded'
  /** A real Glance, and the Keystone that it believes itself. */
  | 'cloud'
  /** A real Glance, which judges every token by itself. */
  | 'glance_alone'

export function modeOf({ cloud, glance, keystone }: Config): Mode {
  if (cloud !== undefined || keystone.url !== undefined) return 'cloud'
  return glance.url.length > 0 ? 'glance_alone' : 'embedded'
}

type Origins = Readonly<Record<OptionKey, Origin>>

/** The reasons why options do not go together, a line each; empty if they do. */
export function pairProblems(
  config: Config,
  origins: Origins,
  hasServicePassword: boolean,
): readonly string[] {
  const given = (prefix: string) =>
    OPTION_KEYS.filter((key) => key.startsWith(prefix) && origins[key].from !== 'default')
  const refuse = (keys: readonly OptionKey[], why: string) =>
    keys.map((key) => `${key} (${printOrigin(origins[key])}) ${why}`)
  const { cloud, glance, keystone } = config
  const problems: string[] = []
  const hasGlance = glance.url.length > 0 || cloud !== undefined
  const hasKeystone = keystone.url !== undefined || cloud !== undefined
  if (cloud !== undefined) {
    problems.push(...refuse(given('keystone.url'), `is what "cloud" says; give one of the two`))
  }
  if (!hasGlance) {
    problems.push(
      ...refuse(given('keystone.url'), `needs a Glance: give ${flagOf('glance.url')} too`),
      ...refuse(
        given('cache.'),
        `is about a Glance: give ${flagOf('glance.url')}, or leave it out`,
      ),
    )
  } else if (!hasKeystone) {
    const why =
      'needs a Keystone, which says for whom lists may be kept: ' +
      `give ${flagOf('keystone.url')}, or leave it out`
    problems.push(
      ...refuse(
        given('cache.').filter((key) => isSwitchedOn(key, config)),
        why,
      ),
    )
  }
  if (!hasKeystone) {
    const why = `needs a Keystone: give ${flagOf('keystone.url')}, or leave it out`
    problems.push(...refuse(given('keystone.service'), why), ...refuse(given('region'), why))
  }
  return [
    ...problems,
    ...OPTION_KEYS.filter((key) => origins[key].from !== 'default').flatMap((key) => {
      const why = whyIdle(key, config)
      return why === undefined ? [] : refuse([key], why)
    }),
    ...serviceUserProblems(config, origins, hasServicePassword),
  ]
}

const EMBEDDED_ONLY: ReadonlySet<OptionKey> = new Set<OptionKey>([
  'image.port',
  'image.tls.certFile',
  'image.tls.keyFile',
  'image.sizeBytesMax',
  'image.freeBytesMin',
  'image.uploadsMax',
  'image.requireFormatMatch',
  'identity.port',
  'identity.tls.certFile',
  'identity.tls.keyFile',
  'limits.uploadsPerCaller',
  'tokens.lifetimeHours',
])
const OF_NOVA_TOO: ReadonlySet<OptionKey> = new Set<OptionKey>([
  'upstream.caFile',
  'upstream.connectTimeoutMs',
])

/** Why an option would do nothing, or nothing good, here. */
function whyIdle(key: OptionKey, config: Config): string | undefined {
  const isEmbedded = modeOf(config) === 'embedded'
  const hasNova = config.compute.upstreamUrl !== undefined
  if (EMBEDDED_ONLY.has(key)) {
    return isEmbedded ? undefined : 'is about the embedded catalogue and its users; leave it out'
  }
  if (key === 'compute.upstreamTimeoutMs' && !hasNova) {
    return `is about a Nova: give ${flagOf('compute.upstreamUrl')}, or leave it out`
  }
  if (key.startsWith('upstream.') && isEmbedded && !(hasNova && OF_NOVA_TOO.has(key))) {
    return `is about a Glance: give ${flagOf('glance.url')}, or leave it out`
  }
  if (key.startsWith('limits.')) return whyIdleLimit(key, config)
  if (key === 'metrics.port' && config.metrics.port + config.workers - 1 > PORT_MAX) {
    return `leaves no port for each worker's metrics: give one up to ${PORT_MAX - config.workers + 1}`
  }
  if (key.startsWith('deprecation.')) return whyIdleAtTheEnd(key, config)
  if (key === 'metrics.host' && config.metrics.port === 0) {
    return `is where nothing is printed: give ${flagOf('metrics.port')}, or leave it out`
  }
  if (key === 'tracing.sampleRatio' && config.tracing.otlpUrl === undefined) {
    return `is of traces that nobody gets: give ${flagOf('tracing.otlpUrl')}, or leave it out`
  }
  if (key === 'compute.upstreamUrl' && isOwnAddress(config)) {
    return `is where Afterimage itself listens; move one of them, such as by ${flagOf('compute.port')}`
  }
  return undefined
}

function whyIdleLimit(key: OptionKey, config: Config): string | undefined {
  const { projectRequestsPerMinute, addressRequestsPerMinute } = config.limits
  if (key === 'limits.projectRequestsPerMinute' && projectRequestsPerMinute > 0) {
    // Glance judges the tokens, so nobody here knows their projects.
    if (modeOf(config) !== 'glance_alone') return undefined
    return `needs a Keystone: give ${flagOf('keystone.url')}, or leave it out`
  }
  if (key === 'limits.projectBurst' && projectRequestsPerMinute === 0) {
    return `needs a rate: give ${flagOf('limits.projectRequestsPerMinute')}, or leave it out`
  }
  if (key === 'limits.addressBurst' && addressRequestsPerMinute === 0) {
    return `needs a rate: give ${flagOf('limits.addressRequestsPerMinute')}, or leave it out`
  }
  return undefined
}

function whyIdleAtTheEnd(key: OptionKey, { deprecation }: Config): string | undefined {
  const { sunsetAt, afterSunset, brownouts } = deprecation
  if (key === 'deprecation.afterSunset' && afterSunset === 'gone' && sunsetAt === undefined) {
    return `needs a date: give ${flagOf('deprecation.sunsetAt')}, or leave it out`
  }
  const isException = key === 'deprecation.exceptProjects' || key === 'deprecation.exceptClients'
  if (isException && afterSunset === 'serve' && brownouts.length === 0) {
    return `is an exception from nothing: give ${flagOf('deprecation.brownouts')} or ${flagOf('deprecation.afterSunset')} gone, or leave it out`
  }
  return undefined
}

/** Requests for Nova would loop. Other names of this machine are not known here. */
function isOwnAddress({ compute, host }: Config): boolean {
  if (compute.upstreamUrl === undefined) return false
  const { protocol, hostname, port } = new URL(compute.upstreamUrl)
  if (Number(port || (protocol === 'https:' ? 443 : 80)) !== compute.port) return false
  const name = hostname.replace(/^\[|\]$/g, '')
  return name === host || (isLoopback(name) && (isLoopback(host) || EVERYWHERE.has(host)))
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host)
}

function isSwitchedOn(key: OptionKey, { cache }: Config): boolean {
  const name = key.slice('cache.'.length) as keyof Config['cache']
  return cache[name] !== 0 && cache[name] !== false
}

function serviceUserProblems(
  { keystone }: Config,
  origins: Origins,
  hasPassword: boolean,
): readonly string[] {
  if (keystone.serviceUser !== undefined && !hasPassword) {
    return [
      `keystone.serviceUser (${printOrigin(origins['keystone.serviceUser'])}) has no password: ` +
        `set ${SERVICE_PASSWORD_VARIABLE}, or name its file by ${flagOf('keystone.servicePasswordFile')}`,
    ]
  }
  if (keystone.serviceUser === undefined && hasPassword) {
    return [`the service user has a password and no name: give ${flagOf('keystone.serviceUser')}`]
  }
  return []
}
