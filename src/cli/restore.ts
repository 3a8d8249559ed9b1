import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addCopyFlags, type CopyFlags } from './backup.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { folderNames, watched } from './folder-command.ts'
import { printLeftOut, printWritten } from './print-written.ts'
import type { Terminal } from './terminal.ts'

const EXAMPLES = `
The backup is checked first, and the data folder is there only when it is whole and was read back. Nobody may be
serving it.

Examples:
  afterimage restore /backup/afterimage-2026-11-28 --data /var/lib/afterimage
  afterimage restore /backup/afterimage-2026-11-28 --data /var/lib/afterimage --replace`

interface RestoreFlags extends CopyFlags {
  readonly replace?: boolean
}

/** `restore`: a data folder from a backup. */
export function addRestoreCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('restore')
    .description('make a data folder from a backup')
    .argument('<BACKUP>', 'folder that "afterimage backup" has made')
    .option('--replace', 'move a data folder that is there aside, to a name beside it')
    .addHelpText('after', EXAMPLES)
    .action(async (backup: string) => runRestore(command, backup, terminal))
  addCopyFlags(command)
  addConfigFlags(command, DATA_FLAGS)
}

async function runRestore(command: Command, given: string, terminal: Terminal): Promise<void> {
  const flags = command.opts<RestoreFlags>()
  const { config } = loadGivenConfig(command, terminal)
  const source = resolve(terminal.cwd, given)
  const { restore } = await import('../backup/restore.ts')
  const aside = `${config.data}.before-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`
  const options = {
    ...{ source, target: config.data, names: await folderNames() },
    ...{ mayLink: flags.copy !== true, withHashes: flags.dataHashes === true },
    moveAsideTo: flags.replace === true ? aside : undefined,
  }
  const { movedTo, ...written } = await watched(
    terminal,
    'the restore was interrupted; nothing is left of it',
    (watch) => restore({ ...options, watch }),
  )
  terminal.stderr.write(printLeftOut(written.leftOut))
  if (movedTo !== undefined) terminal.stderr.write(`what was there is now ${movedTo}\n`)
  terminal.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ data: config.data, movedTo: movedTo ?? null, ...written })}\n`
      : printWritten(written),
  )
}
