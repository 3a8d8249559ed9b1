import {
  BASE_URL,
  FOLDER,
  HOST,
  NETWORKS,
  oneOf,
  PORT,
  type ValueKind,
  wholeNumber,
} from './values.ts'

export interface Option<T> {
  readonly kind: ValueKind<T>
  /** As it would be written in a file; undefined where nothing is a value of its own. */
  readonly default: readonly string[] | undefined
  /** One line, for help and documentation. */
  readonly description: string
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const TOKEN_LIFETIME_HOURS_MAX = 8_760

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
  'log.level': {
    kind: oneOf('LEVEL', LOG_LEVELS),
    default: ['warn'],
    description: 'least important message that is logged',
  },
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

/** Variables that are no option: the file itself, a secret, and a switch for stack traces. */
export const CONFIG_VARIABLE = 'AFTERIMAGE_CONFIG'
export const PASSWORD_VARIABLE = 'AFTERIMAGE_PASSWORD'
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
