import type { Logger } from 'pino'
import { untimely } from '../config/key-pair.ts'
import type { LoadedConfig } from '../config/load.ts'
import { OPTION_KEYS } from '../config/options.ts'
import { optionIn } from './option-in.ts'
import { packageVersion } from './version.ts'

/** Logs that the server has started, and the options that were given: everything else is the default. */
export function logStart(
  logger: Pick<Logger, 'info' | 'warn'>,
  { config, origins, secrets }: LoadedConfig,
  urls: Readonly<Record<string, string | undefined>>,
): void {
  const given = OPTION_KEYS.filter((key) => origins[key].from !== 'default')
  const options = Object.fromEntries(given.map((key) => [key, optionIn(config, key)]))
  logger.info({ version: packageVersion(), node: process.version, urls, options }, 'started')
  for (const line of untimely(secrets.keyPairs, Date.now())) {
    logger.warn(`${line}; clients refuse it`)
  }
}
