import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { type KeyPairs, untimely } from '../config/key-pair.ts'
import type { LoadedConfig } from '../config/load.ts'
import { OPTION_KEYS, type OptionKey } from '../config/options.ts'
import { ConfigError } from '../config/settings.ts'
import { SERVICES, type ServiceName } from '../config/tls-options.ts'
import type { Reloaded } from '../server/reload.ts'
import { optionIn } from './option-in.ts'

/** Options that a running server follows, besides certificates. */
const FOLLOWED = /^(?:limits\.|deprecation\.|log\.(?:level|requests|slowMs)$)/
const OF_CERTIFICATES = /(?:^|\.)tls\./

/** The configuration that a running server follows, and how it gets another. */
export class Following {
  readonly #load: () => LoadedConfig
  readonly #logger: Logger
  readonly #apply: (reloaded: Reloaded) => unknown
  /** What is in force; of options that only a start reads, what the start read. */
  #present: Pick<LoadedConfig, 'config' | 'secrets'>

  /**
   * @param load reads the configuration again, from where the start read it; throws ConfigError
   * @param apply gives it to what serves
   */
  constructor(
    started: Pick<LoadedConfig, 'config' | 'secrets'>,
    load: () => LoadedConfig,
    logger: Logger,
    apply: (reloaded: Reloaded) => unknown,
  ) {
    this.#present = started
    this.#load = load
    this.#logger = logger
    this.#apply = apply
  }

  /** Takes all of the configuration that can be taken without a restart, or none; the log says which. */
  async reload(): Promise<void> {
    let next: LoadedConfig
    try {
      next = this.#load()
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [String(error)]
      this.#logger.error(`not reloaded, everything stays as it was: ${problems.join('; ')}`)
      return
    }
    const { config, secrets } = this.#present
    const keyPairs = renewed(secrets.keyPairs, next.secrets.keyPairs)
    const options = changedOptions(config, next.config)
    const isKept = isTlsKept(secrets.keyPairs, next.secrets.keyPairs)
    const applied = [...options.filter((key) => FOLLOWED.test(key)), ...certificatesOf(keyPairs)]
    const waiting: string[] = options.filter(
      (key) => !FOLLOWED.test(key) && !(OF_CERTIFICATES.test(key) && isKept(key)),
    )
    const { servicePassword } = next.secrets
    const isSamePassword = secrets.servicePassword?.reveal() === servicePassword?.reveal()
    if (!isSamePassword) waiting.push('the password of keystone.serviceUser')
    const followed = follow(config, next.config)
    this.#present = {
      config: followed,
      secrets: { ...secrets, keyPairs: { ...secrets.keyPairs, ...keyPairs } },
    }
    const { deprecation, limits, log } = followed
    await this.#apply({ config: { deprecation, limits, log }, keyPairs })
    this.#say(followed.log.level, textOf(applied, waiting), waiting.length > 0)
    for (const line of untimely(keyPairs, Date.now()))
      this.#logger.warn(`${line}; clients refuse it`)
  }

  /** At the level before or the one after, so that the line is there if one of them shows it. */
  #say(level: Config['log']['level'], text: string, isWarning: boolean): void {
    const { values } = this.#logger.levels
    const isQuieter = (values[level] ?? Infinity) > (values[this.#logger.level] ?? Infinity)
    if (!isQuieter) this.#logger.level = level
    this.#logger[isWarning ? 'warn' : 'info'](text)
    this.#logger.level = level
  }
}

function textOf(applied: readonly string[], waiting: readonly string[]): string {
  const parts = [
    ...(applied.length === 0 ? [] : [`reloaded: ${applied.join(', ')}`]),
    ...(waiting.length === 0 ? [] : [`not before a restart: ${waiting.join(', ')}`]),
  ]
  return parts.length === 0 ? 'reloaded: nothing has changed' : parts.join('; ')
}

function changedOptions(before: Config, after: Config): readonly OptionKey[] {
  return OPTION_KEYS.filter(
    (key) => !isDeepStrictEqual(optionIn(before, key), optionIn(after, key)),
  )
}

/** The new values of the options that are followed, the old ones of all others. */
function follow(before: Config, { log, limits, deprecation }: Config): Config {
  const { level, requests, slowMs } = log
  // The policy is told from another by its identity.
  const isSamePolicy = isDeepStrictEqual(before.deprecation, deprecation)
  return {
    ...before,
    limits,
    deprecation: isSamePolicy ? before.deprecation : deprecation,
    log: { ...before.log, level, requests, slowMs },
  }
}

/** The certificates that are new, of services that speak TLS already. */
function renewed(before: KeyPairs, after: KeyPairs): KeyPairs {
  return Object.fromEntries(
    SERVICES.flatMap((name) => {
      const [old, next] = [before[name], after[name]]
      const isNew =
        old !== undefined &&
        next !== undefined &&
        (old.certificates !== next.certificates || old.key.reveal() !== next.key.reveal())
      return isNew ? [[name, next]] : []
    }),
  )
}

function certificatesOf(keyPairs: KeyPairs): readonly string[] {
  const names = Object.keys(keyPairs)
  return names.length === 0 ? [] : [`the certificate of ${names.join(' and ')}`]
}

/** Whether an option of certificates leaves every service what it is: with TLS or without. */
function isTlsKept(before: KeyPairs, after: KeyPairs): (key: OptionKey) => boolean {
  const isSame = (name: ServiceName) => (before[name] === undefined) === (after[name] === undefined)
  return (key) =>
    SERVICES.filter((name) => key.startsWith('tls.') || key.startsWith(name)).every(isSame)
}
