import type { Command } from 'commander'
import type { Administration } from '../identity/local/administration.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { UsageFailure } from './failure.ts'
import { withAccounts } from './open-data.ts'
import type { Terminal } from './terminal.ts'

/** What the commands on projects and users have in common. */
export interface AccountCommand {
  readonly name: string
  readonly description: string
  /** What stands behind the command's name in the example. */
  readonly example: string
}

export function addAccountCommand(
  group: Command,
  { name, description, example }: AccountCommand,
): Command {
  const call = ['afterimage', group.name(), name, example].filter((word) => word !== '').join(' ')
  const command = group
    .command(name)
    .description(description)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  ${call}`)
  addConfigFlags(command, DATA_FLAGS)
  return command
}

/** Does `work` in the data folder that the command names, and prints what comes of it; `add` makes the folder. */
export async function runAccounts<T>(
  command: Command,
  terminal: Terminal,
  print: (result: T) => string,
  work: (accounts: Administration) => T | Promise<T>,
): Promise<void> {
  const loaded = loadGivenConfig(command, terminal)
  const mode = command.name() === 'add' ? 'make' : 'existing'
  const result = await withAccounts(loaded, terminal, mode, work)
  const { json } = command.opts<{ json?: boolean }>()
  terminal.stdout.write(json === true ? `${JSON.stringify(result, null, 2)}\n` : print(result))
}

export interface EnabledFlags {
  readonly enable?: boolean
  readonly disable?: boolean
}

/** @throws UsageFailure when both are given */
export function enabledOf({ enable, disable }: EnabledFlags): { enabled?: boolean } {
  if (enable && disable) throw new UsageFailure('give --enable or --disable, not both')
  if (enable || disable) return { enabled: enable === true }
  return {}
}

/** Those of the flags that were given, absent where they were not. */
export function pick<F extends object, K extends keyof F>(
  flags: F,
  names: readonly K[],
): Pick<F, K> {
  const entries = names.filter((name) => flags[name] !== undefined)
  return Object.fromEntries(entries.map((name) => [name, flags[name]])) as Pick<F, K>
}
