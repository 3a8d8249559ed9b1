import type { Config } from '../config/config.ts'
import type { OptionKey } from '../config/options.ts'

/** The value of an option, by its path. */
export function optionIn(config: Config, key: OptionKey): unknown {
  return key.split('.').reduce<unknown>(step, config)
}

function step(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name]
}
