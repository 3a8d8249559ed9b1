import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { folderNames, watched } from './folder-command.ts'
import { refuseEmpty } from './open-data.ts'
import { printLeftOut, printWritten } from './print-written.ts'
import type { Terminal } from './terminal.ts'

const EXAMPLES = `
TARGET is a new or an empty folder. It holds everything of one moment, and is there only when it is whole and was read
back. On the data folder's file system image files are hard links: they take no room until they are deleted there.

Examples:
  afterimage backup /backup/afterimage-$(date +%F)
  afterimage backup /mnt/usb/afterimage --data /var/lib/afterimage --data-hashes`

export interface CopyFlags {
  readonly copy?: boolean
  readonly dataHashes?: boolean
  readonly json?: boolean
}

/** `backup`: the data folder as of one moment, also while it is being served. */
export function addBackupCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('backup')
    .description('back up the data folder, also while it is being served')
    .argument('<TARGET>', 'folder to make')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string) => runBackup(command, target, terminal))
  addCopyFlags(command)
  addConfigFlags(command, DATA_FLAGS)
}

/** Flags of both ways, there and back. */
export function addCopyFlags(command: Command): void {
  command
    .option('--copy', 'copy image files, also where hard links can be made')
    .option('--data-hashes', 'read every image file that was written, and compare its hash')
    .option('--json', 'print JSON')
}

async function runBackup(command: Command, given: string, terminal: Terminal): Promise<void> {
  const flags = command.opts<CopyFlags>()
  const { config } = loadGivenConfig(command, terminal)
  await refuseEmpty(config)
  const target = resolve(terminal.cwd, given)
  const { backUp } = await import('../backup/backup.ts')
  const options = {
    ...{ source: config.data, target, names: await folderNames() },
    ...{ mayLink: flags.copy !== true, withHashes: flags.dataHashes === true },
  }
  const written = await watched(
    terminal,
    'the backup was interrupted; nothing is left of it',
    (watch) => backUp({ ...options, watch }),
  )
  terminal.stderr.write(printLeftOut(written.leftOut))
  terminal.stdout.write(
    flags.json === true ? `${JSON.stringify({ target, ...written })}\n` : printWritten(written),
  )
}
