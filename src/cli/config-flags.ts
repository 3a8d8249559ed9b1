import { type Command, Option } from 'commander'
import { type Flags, type LoadedConfig, loadConfig } from '../config/load.ts'
import { flagOf, OPTION_KEYS, OPTIONS, type OptionKey } from '../config/options.ts'
import type { Terminal } from './terminal.ts'

/** The options of a command that works on the data folder and does not serve. */
export const DATA_FLAGS: readonly OptionKey[] = ['data']

/** Adds `--config` and the flags of these options, as the table of options describes them. */
export function addConfigFlags(command: Command, keys: readonly OptionKey[] = OPTION_KEYS): void {
  command.option('--config <FILE>', 'YAML file of options (default: none)')
  for (const key of keys) {
    const { kind, description, default: usual } = OPTIONS[key]
    const shown = usual?.[0] === undefined ? '' : ` (default: ${usual.join(',')})`
    command.addOption(new Option(`${flagOf(key)} <${kind.placeholder}>`, `${description}${shown}`))
  }
}

/** The configuration that a command was given. @throws ConfigError */
export function loadGivenConfig(command: Command, terminal: Terminal): LoadedConfig {
  const given = command.opts<Record<string, string | undefined>>()
  const flags: Partial<Record<OptionKey, string>> = {}
  for (const key of OPTION_KEYS) {
    const value = given[new Option(flagOf(key)).attributeName()]
    if (value !== undefined) flags[key] = value
  }
  return loadConfig({
    flags: flags satisfies Flags,
    configFile: given['config'],
    environment: terminal.environment,
    cwd: terminal.cwd,
  })
}
