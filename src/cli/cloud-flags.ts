import type { Command } from 'commander'
import type { Cloud } from './client/cloud.ts'
import { findCloud } from './client/find-cloud.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import type { Terminal } from './terminal.ts'

/** Flags that say which cloud a client command talks to. */
export function addCloudFlags(command: Command): void {
  command.option('--os-cloud <NAME>', 'cloud of a clouds.yaml (default: OS_CLOUD)')
  addConfigFlags(command, DATA_FLAGS)
}

/** @throws ConfigError, CommandFailure */
export function chosenCloud(command: Command, terminal: Terminal, endpoint?: string): Cloud {
  const { config, origins } = loadGivenConfig(command, terminal)
  const { osCloud } = command.opts<{ osCloud?: string }>()
  return findCloud(
    {
      name: osCloud,
      endpoint,
      dataFolder: config.data,
      isDataFolderAsked: origins.data.from === 'flag',
    },
    terminal,
  )
}
