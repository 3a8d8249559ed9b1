import type { Command } from 'commander'
import type { CheckReport } from '../backup/check-report.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { CommandFailure } from './failure.ts'
import { folderNames, watched } from './folder-command.ts'
import { refuseEmpty } from './open-data.ts'
import { printable, type Terminal } from './terminal.ts'

const EXAMPLES = `
Reads the whole database, and compares the images with their files; also while the folder is being served. The folder may
be a backup. Exit code 1: there are faults.

Examples:
  afterimage check
  afterimage check --data /backup/afterimage-2026-11-28 --data-hashes --json`

interface CheckFlags {
  readonly dataHashes?: boolean
  readonly withoutData?: boolean
  readonly json?: boolean
}

/** `check`: whether a data folder or a backup is whole. */
export function addCheckCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('check')
    .description('check a data folder or a backup: the database, and the files of images')
    .option('--data-hashes', 'read every image file, and compare its hash with its image')
    .option('--without-data', 'images without a file are right: they were imported so')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async () => runCheck(command, terminal))
  addConfigFlags(command, DATA_FLAGS)
}

async function runCheck(command: Command, terminal: Terminal): Promise<void> {
  const flags = command.opts<CheckFlags>()
  const { config } = loadGivenConfig(command, terminal)
  await refuseEmpty(config)
  const [{ checkFolder }, { faultCount }, { readManifest }] = await Promise.all([
    import('../backup/check-folder.ts'),
    import('../backup/check-report.ts'),
    import('../backup/manifest.ts'),
  ])
  const manifest = readManifest(config.data)
  const isStill = manifest !== undefined
  const options = {
    ...{ folder: config.data, names: await folderNames(), isStill },
    withHashes: flags.dataHashes === true,
    mayLackFiles: flags.withoutData === true,
  }
  const report = await watched(terminal, 'the check was interrupted', (watch) =>
    checkFolder({ ...options, watch }, manifest),
  )
  const count = faultCount(report)
  terminal.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ folder: config.data, faultCount: count, ...report }, null, 2)}\n`
      : printReport(report),
  )
  if (count > 0) throw new CommandFailure(`${count} faults in ${config.data}${hint(report)}`)
}

function printReport(report: CheckReport): string {
  const { images, files, bytes, hashed, withoutFile, midway, described } = report
  const lines = described.map(({ kind, path, problem }) =>
    printable(`${kind}  ${path}: ${problem}`),
  )
  lines.push(`${images} images; ${files} image files, ${bytes} bytes; ${hashed} hashes compared`)
  if (withoutFile > 0) lines.push(`${withoutFile} images have no file`)
  if (midway > 0)
    lines.push(`the data of ${midway} images is coming in, or was when a server ended`)
  return `${lines.join('\n')}\n`
}

function hint({ faults }: CheckReport): string {
  return faults['missing-file'] === undefined
    ? ''
    : '; if documents were imported without data, give --without-data'
}
