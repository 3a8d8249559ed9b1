import { assembleConfig, type Config, type Secrets } from './config.ts'
import type { Environment } from './environment.ts'
import { readConfigFile, readSecretFile } from './file.ts'
import { readKeyPairs } from './key-pairs.ts'
import {
  CONFIG_VARIABLE,
  flagOf,
  OPTION_KEYS,
  OPTIONS,
  type Option,
  type OptionKey,
  type OptionValues,
  PASSWORD_VARIABLE,
  SERVICE_PASSWORD_VARIABLE,
} from './options.ts'
import { modeOf, pairProblems } from './pairs.ts'
import { Secret } from './secret.ts'
import {
  ConfigError,
  type Origin,
  printOrigin,
  type Setting,
  type Source,
  splitList,
} from './settings.ts'
import { readVariables } from './variables.ts'

/** What the command line gave, by option, as written. */
export type Flags = Readonly<Partial<Record<OptionKey, string>>>

export interface ConfigSources {
  readonly flags: Flags
  /** `--config`; AFTERIMAGE_CONFIG otherwise. */
  readonly configFile?: string | undefined
  readonly environment: Environment
  /** Relative paths in flags and variables start here; those in a file start at its folder. */
  readonly cwd: string
}

export interface LoadedConfig {
  readonly config: Config
  readonly secrets: Secrets
  /** Where each option's value comes from. */
  readonly origins: Readonly<Record<OptionKey, Origin>>
}

/**
 * Merges the configuration: flags before environment before file before defaults. Every given value
 * is checked, also overridden ones. @throws ConfigError with all problems
 */
export function loadConfig({ flags, configFile, environment, cwd }: ConfigSources): LoadedConfig {
  const file = configFile ?? (environment[CONFIG_VARIABLE] || undefined)
  const sources: readonly Source[] = [
    readDefaults(cwd),
    file === undefined ? { settings: [], problems: [] } : readConfigFile(file, cwd),
    readVariables(environment, cwd),
    readFlags(flags, cwd),
  ]
  const problems = sources.flatMap((source) => source.problems)
  const values = new Map<OptionKey, unknown>()
  const origins = new Map<OptionKey, Origin>()
  for (const setting of sources.flatMap((source) => source.settings)) {
    const value = readSetting(setting, problems)
    values.set(setting.key, value)
    origins.set(setting.key, setting.origin)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const config = assembleConfig(byKey(values) as OptionValues)
  const givenAt = byKey(origins) as Record<OptionKey, Origin>
  const passwords = readPasswords(environment, values, problems)
  const keyPairs = readKeyPairs(config, givenAt, problems)
  const loaded = { config, secrets: { ...passwords, keyPairs }, origins: givenAt }
  const hasServicePassword = loaded.secrets.servicePassword !== undefined
  problems.push(...pairProblems(loaded.config, loaded.origins, hasServicePassword))
  if (modeOf(loaded.config) === 'embedded') problems.push(...samePorts(values, origins))
  if (problems.length > 0) throw new ConfigError(problems)
  return loaded
}

/** Passwords have no flag and no key, since others can read command lines and files. */
function readPasswords(
  environment: Environment,
  values: ReadonlyMap<OptionKey, unknown>,
  problems: string[],
): Omit<Secrets, 'keyPairs'> {
  const secret = (text: string | undefined) => (text ? new Secret(text) : undefined)
  const file = values.get('keystone.servicePasswordFile')
  const given = environment[SERVICE_PASSWORD_VARIABLE]
  return {
    password: secret(environment[PASSWORD_VARIABLE]),
    servicePassword: secret(
      given || typeof file !== 'string' ? given : readSecretFile(file, problems),
    ),
  }
}

function byKey<T>(entries: ReadonlyMap<OptionKey, T>): Partial<Record<OptionKey, T>> {
  return Object.fromEntries(OPTION_KEYS.map((key) => [key, entries.get(key)]))
}

function readDefaults(cwd: string): Source {
  const settings = OPTION_KEYS.map((key): Setting => {
    const texts = OPTIONS[key].default ?? []
    return { key, texts, origin: { from: 'default' }, folder: cwd }
  })
  return { settings, problems: [] }
}

function readFlags(flags: Flags, cwd: string): Source {
  const settings: Setting[] = []
  for (const key of OPTION_KEYS) {
    const text = flags[key]
    if (text === undefined) continue
    const texts = OPTIONS[key].kind.isList ? splitList(text) : [text]
    settings.push({ key, texts, origin: { from: 'flag', flag: flagOf(key) }, folder: cwd })
  }
  return { settings, problems: [] }
}

function readSetting({ key, texts, origin, folder }: Setting, problems: string[]): unknown {
  const { kind, default: usual }: Option<unknown> = OPTIONS[key]
  if (origin.from === 'default' && usual === undefined) return undefined
  const value = kind.read(texts, folder)
  if (value === undefined) {
    const where = origin.from === 'file' ? `${printOrigin(origin)}: ${key}` : printOrigin(origin)
    problems.push(`${where}: "${texts.join(', ')}" is not right; it must be ${kind.form}`)
  }
  return value
}

/** Two faces cannot listen on one port; 0 is a different one each time. */
function samePorts(
  values: ReadonlyMap<OptionKey, unknown>,
  origins: ReadonlyMap<OptionKey, Origin>,
): string[] {
  const taken = new Map<unknown, OptionKey>()
  const problems: string[] = []
  for (const key of ['compute.port', 'image.port', 'identity.port'] as const) {
    const port = values.get(key)
    const other = taken.get(port)
    if (port !== 0 && other !== undefined) {
      const [a, b] = [origins.get(other), origins.get(key)].map((o) => o && printOrigin(o))
      problems.push(`${other} (${a}) and ${key} (${b}) are both ${port}; give each its own port`)
    }
    taken.set(port, key)
  }
  return problems
}
