import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { type Command, Option } from 'commander'
import type { ExportOptions } from '../transfer/export.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { UsageFailure } from './failure.ts'
import { withImages } from './open-data.ts'
import type { Terminal } from './terminal.ts'
import { writeWhole } from './write-whole.ts'

const EXAMPLES = `
Examples:
  afterimage export > images.json
  afterimage export --format lines --gzip --output images.jsonl.gz`

interface ExportFlags {
  readonly output?: string
  readonly format: ExportOptions['format']
  readonly gzip?: boolean
}

/** `export`: the whole catalogue as image documents. */
export function addExportCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('export')
    .description('print every image of the catalogue as the Image service prints it')
    .option('-o, --output <FILE>', 'write to this file, all of it or nothing (default: stdout)')
    .addOption(
      new Option('--format <FORMAT>', 'one JSON array, or one document a line')
        .choices(['array', 'lines'])
        .default('array'),
    )
    .option('--gzip', 'compress')
    .addHelpText('after', EXAMPLES)
    .action(async () => runExport(command, terminal))
  addConfigFlags(command, DATA_FLAGS)
}

async function runExport(command: Command, terminal: Terminal): Promise<void> {
  const { output, format, gzip = false } = command.opts<ExportFlags>()
  const { config } = loadGivenConfig(command, terminal)
  if (gzip && output === undefined && terminal.stdout.isTTY === true) {
    throw new UsageFailure('compressed data is not for a terminal; give --output FILE')
  }
  const { exportImages } = await import('../transfer/export.ts')
  await withImages(config, terminal, 'read', async (store) => {
    const exportTo = (sink: Writable) =>
      exportImages(store, sink, { format, gzip, signal: terminal.stop })
    if (output === undefined) {
      await exportTo(terminal.stdout)
      return
    }
    const count = await writeWhole(resolve(terminal.cwd, output), exportTo)
    terminal.stderr.write(`${count} images written to ${output}\n`)
  })
}
