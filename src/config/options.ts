import { DEPRECATION_OPTIONS } from './deprecation-options.ts'
import { LEDGER_OPTIONS } from './ledger-options.ts'
import { LIMITS_OPTIONS } from './limits-options.ts'
import { LOG_OPTIONS } from './log-options.ts'
import { METRICS_OPTIONS } from './metrics-options.ts'
import { TLS_OPTIONS } from './tls-options.ts'
import { TRACING_OPTIONS } from './tracing-options.ts'
import {
  BASE_URL,
  BASE_URLS,
  CERTIFICATES,
  FILE,
  FOLDER,
  HOST,
  NAME,
  NETWORKS,
  PORT,
  type ValueKind,
  wholeNumber,
  YES_OR_NO,
} from './values.ts'
import { WORKERS_OPTION } from './workers-option.ts'

export interface Option<T> {
  readonly kind: ValueKind<T>
  /** The default as written in a file; undefined if there is none. */
  readonly default: readonly string[] | undefined
  /** One line, for help and documentation. */
  readonly description: string
}

/** 100 TiB */
const IMAGE_BYTES_MAX = 109_951_162_777_600
/** As many as connections. */
const UPLOADS_MAX = 10_000
const TOKEN_LIFETIME_HOURS_MAX = 8_760
const DAY_MS = 86_400_000
const TIMEOUT_MS_MAX = 600_000
const TIMEOUT = wholeNumber('MS', 100, TIMEOUT_MS_MAX)
const MEMORY_TIME = wholeNumber('MS', 0, DAY_MS)
const REQUESTS_MAX = 100_000
const ANSWER_BYTES_MIN = 64 * 1024
const ANSWER_BYTES_MAX = 1024 ** 3

/**
 * Every option there is, declared once. The key is its path in the YAML file; flag and variable
 * follow from it (`compute.publicUrl`: `--compute-public-url`, `AFTERIMAGE_COMPUTE_PUBLIC_URL`).
 */
export const OPTIONS = {
  data: {
    kind: FOLDER,
    default: ['./afterimage-data'],
    description: 'folder of the catalogue, the image files and clouds.yaml; made if missing',
  },
  host: {
    kind: HOST,
    default: ['127.0.0.1'],
    description: 'address to listen on; 0.0.0.0 or :: for every network',
  },
  ...WORKERS_OPTION,
  'compute.port': {
    kind: PORT,
    default: ['8774'],
    description: 'port of the Compute API',
  },
  'compute.publicUrl': {
    kind: BASE_URL,
    default: undefined,
    description: 'address clients reach the Compute API at; by default what each request asked',
  },
  'compute.upstreamUrl': {
    kind: BASE_URL,
    default: undefined,
    description: 'Nova, which gets every request that is not about images',
  },
  'compute.upstreamTimeoutMs': {
    kind: TIMEOUT,
    default: ['120000'],
    description: "milliseconds until Nova's answer begins, and between two pieces of it",
  },
  'compute.serveAboveMicroversion': {
    kind: YES_OR_NO,
    default: ['false'],
    description: 'answer images at every microversion up to 2.93; else 404 above 2.35, as Nova',
  },
  'image.port': {
    kind: PORT,
    default: ['9292'],
    description: 'port of the Image API',
  },
  'image.publicUrl': {
    kind: BASE_URL,
    default: undefined,
    description: 'address clients reach the Image API at; by default the host each request asked',
  },
  'image.sizeBytesMax': {
    kind: wholeNumber('BYTES', 1, IMAGE_BYTES_MAX),
    default: ['1099511627776'],
    description: 'largest image that is received; a larger one is answered with 413',
  },
  'image.freeBytesMin': {
    kind: wholeNumber('BYTES', 0, IMAGE_BYTES_MAX),
    default: ['268435456'],
    description: 'what uploads leave free on the disk; one that would not is answered with 413',
  },
  'image.uploadsMax': {
    kind: wholeNumber('COUNT', 1, UPLOADS_MAX),
    default: ['64'],
    description:
      'uploads and imports at once, through all processes of the data folder; each takes 8 MiB of ' +
      'memory, and others are answered with 503',
  },
  'image.requireFormatMatch': {
    kind: YES_OR_NO,
    default: ['false'],
    description: 'refuse image data that is not of the declared disk_format; else it is logged',
  },
  'identity.port': {
    kind: PORT,
    default: ['5000'],
    description: 'port of the Identity API',
  },
  'identity.publicUrl': {
    kind: BASE_URL,
    default: undefined,
    description: 'address clients sign in at; by default the host each request asked',
  },
  ...TLS_OPTIONS,
  compression: {
    kind: YES_OR_NO,
    default: ['true'],
    description: 'compress answers for callers who ask for it; false behind a proxy that does so',
  },
  trustedProxies: {
    kind: NETWORKS,
    default: [],
    description: 'proxies whose X-Forwarded-* headers are believed; nobody by default',
  },
  'tokens.lifetimeHours': {
    kind: wholeNumber('HOURS', 1, TOKEN_LIFETIME_HOURS_MAX),
    default: ['24'],
    description: 'hours until a token expires',
  },
  cloud: {
    kind: NAME,
    default: undefined,
    description: 'cloud of a clouds.yaml whose Glance and Keystone to stand in front of',
  },
  'glance.url': {
    kind: BASE_URLS,
    default: undefined,
    description: 'Glance to stand in front of, instead of an embedded catalogue',
  },
  'keystone.url': {
    kind: BASE_URL,
    default: undefined,
    description:
      'Keystone that knows the callers of that Glance; without it Glance alone judges them',
  },
  'keystone.serviceUser': {
    kind: NAME,
    default: undefined,
    description: "user who asks Keystone about tokens; by default each token's own",
  },
  'keystone.serviceUserDomain': {
    kind: NAME,
    default: ['Default'],
    description: "name of the service user's domain",
  },
  'keystone.serviceProject': {
    kind: NAME,
    default: ['service'],
    description: 'project that the service user signs in to',
  },
  'keystone.serviceProjectDomain': {
    kind: NAME,
    default: ['Default'],
    description: "name of that project's domain",
  },
  'keystone.servicePasswordFile': {
    kind: FILE,
    default: undefined,
    description: "file of the service user's password",
  },
  region: {
    kind: NAME,
    default: undefined,
    description:
      "region of the image endpoint in callers' service catalogues; by default the first",
  },
  'cache.ttlMs': {
    kind: MEMORY_TIME,
    default: ['0'],
    description: "milliseconds for which Glance's lists are kept; 0: every list asks Glance",
  },
  'cache.keyByUser': {
    kind: YES_OR_NO,
    default: ['false'],
    description: 'keep lists for each user, where the policy of Glance looks at users',
  },
  'cache.staleIfErrorMs': {
    kind: MEMORY_TIME,
    default: ['0'],
    description: 'milliseconds for which the last good list is given while Glance cannot answer',
  },
  'upstream.caFile': {
    kind: CERTIFICATES,
    default: undefined,
    description: "certificates to trust in place of the system's",
  },
  'upstream.connectTimeoutMs': {
    kind: TIMEOUT,
    default: ['3000'],
    description: 'milliseconds to connect to Glance, Keystone or Nova',
  },
  'upstream.firstByteTimeoutMs': {
    kind: TIMEOUT,
    default: ['10000'],
    description: 'milliseconds from a request to the beginning of its answer',
  },
  'upstream.answerTimeoutMs': {
    kind: TIMEOUT,
    default: ['60000'],
    description: 'milliseconds for a whole answer of Glance or Keystone, retries included',
  },
  'upstream.concurrentMax': {
    kind: wholeNumber('COUNT', 1, REQUESTS_MAX),
    default: ['64'],
    description: 'requests under way at once, at each of Glance and Keystone',
  },
  'upstream.queueMax': {
    kind: wholeNumber('COUNT', 0, REQUESTS_MAX),
    default: ['1000'],
    description: 'requests that may wait for one of those to end',
  },
  'upstream.answerBytesMax': {
    kind: wholeNumber('BYTES', ANSWER_BYTES_MIN, ANSWER_BYTES_MAX),
    default: ['67108864'],
    description: 'largest answer that is taken from Glance or Keystone',
  },
  'shutdown.delayMs': {
    kind: wholeNumber('MS', 0, TIMEOUT_MS_MAX),
    default: ['0'],
    description:
      'milliseconds from SIGTERM, and 503 at /readiness, to the end of listening; for balancers',
  },
  ...DEPRECATION_OPTIONS,
  ...LEDGER_OPTIONS,
  ...LIMITS_OPTIONS,
  ...METRICS_OPTIONS,
  ...TRACING_OPTIONS,
  ...LOG_OPTIONS,
} as const satisfies Record<string, Option<unknown>>

export type OptionKey = keyof typeof OPTIONS

export const OPTION_KEYS = Object.keys(OPTIONS) as readonly OptionKey[]

type Read<O> = O extends { kind: ValueKind<infer T>; default: infer D }
  ? D extends undefined
    ? T | undefined
    : T
  : never

/** What each option's value is once it has been read. */
export type OptionValues = { readonly [K in OptionKey]: Read<(typeof OPTIONS)[K]> }

/** Variables that are no option: the file itself, secrets, and a switch for stack traces. */
export const CONFIG_VARIABLE = 'AFTERIMAGE_CONFIG'
export const PASSWORD_VARIABLE = 'AFTERIMAGE_PASSWORD'
export const SERVICE_PASSWORD_VARIABLE = 'AFTERIMAGE_KEYSTONE_SERVICE_PASSWORD'
export const DEBUG_VARIABLE = 'AFTERIMAGE_DEBUG'

function words(key: OptionKey): readonly string[] {
  return key.split(/\.|(?=[A-Z])/).map((word) => word.toLowerCase())
}

/** Such as `--compute-port`. */
export function flagOf(key: OptionKey): string {
  return `--${words(key).join('-')}`
}

/** Such as `AFTERIMAGE_COMPUTE_PORT`. */
export function variableOf(key: OptionKey): string {
  return `AFTERIMAGE_${words(key).join('_').toUpperCase()}`
}
