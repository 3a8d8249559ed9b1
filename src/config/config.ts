import type { OptionValues } from './options.ts'
import type { Secret } from './secret.ts'

/** Where one face listens, and what clients see of it. */
export interface FaceConfig {
  /** 0: any free port. */
  readonly port: number
  /** Without a slash at its end; undefined: links follow the request. */
  readonly publicUrl: string | undefined
}

/** Everything that was decided before the start: checked, complete, deeply frozen, free of secrets. */
export interface Config {
  /** Absolute path of the data folder. */
  readonly data: string
  readonly host: string
  readonly compute: FaceConfig
  readonly image: FaceConfig
  readonly identity: FaceConfig
  /** IP addresses and networks in CIDR form. */
  readonly trustedProxies: readonly string[]
  readonly tokens: { readonly lifetimeHours: number }
  readonly log: { readonly level: OptionValues['log.level'] }
}

/** Kept apart from Config, so that a Config may be printed. */
export interface Secrets {
  /** For the users that the first start makes; undefined: generate. */
  readonly password: Secret | undefined
}

export function assembleConfig(values: OptionValues): Config {
  const face = (name: 'compute' | 'image' | 'identity'): FaceConfig => ({
    port: values[`${name}.port`],
    publicUrl: values[`${name}.publicUrl`],
  })
  return deepFreeze({
    data: values['data'],
    host: values['host'],
    compute: face('compute'),
    image: face('image'),
    identity: face('identity'),
    trustedProxies: [...values['trustedProxies']],
    tokens: { lifetimeHours: values['tokens.lifetimeHours'] },
    log: { level: values['log.level'] },
  })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
