import type { Command } from 'commander'
import type { ImportCounts, ImportReport } from '../transfer/import.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { CommandFailure } from './failure.ts'
import { withImages } from './open-data.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

const HELP = `
A file is a JSON array, a page as the Image service prints it ({"images": [...]}), or one document a
line; gzip or not. An image whose id is there already is replaced; importing twice changes nothing.

Examples:
  afterimage import images.json
  afterimage import --skip-bad dump-1.jsonl.gz dump-2.jsonl.gz
  curl -H "X-Auth-Token: $TOKEN" "$GLANCE/v2/images?limit=1000" | afterimage import -`

interface ImportFlags {
  readonly skipBad?: boolean
  readonly json?: boolean
}

/** `import`: image documents into the catalogue, also while it is being served. */
export function addImportCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('import')
    .description('store image documents in the catalogue, also while it is being served')
    .argument('<FILE...>', 'files of image documents; - is the standard input')
    .option('--skip-bad', 'go on after a document that is wrong (default: stop there)')
    .option('--json', 'print the counts as JSON')
    .addHelpText('after', HELP)
    .action(async (files: string[]) => runImport(command, files, terminal))
  addConfigFlags(command, DATA_FLAGS)
}

async function runImport(command: Command, files: string[], terminal: Terminal): Promise<void> {
  const flags = command.opts<ImportFlags>()
  const { config } = loadGivenConfig(command, terminal)
  const { importImages, printProblem } = await import('../transfer/import.ts')
  const progress = new Progress(terminal)
  const report = await withImages(config, 'make', (store) =>
    importImages({
      files,
      stdin: terminal.stdin,
      store,
      onBadDocument: flags.skipBad === true ? 'skip' : 'stop',
      onProgress: (soFar) => progress.show(() => printCounts(soFar)),
      onProblem: (problem) => {
        progress.clear()
        terminal.stderr.write(`afterimage: ${printProblem(problem)}\n`)
      },
      signal: terminal.stop,
    }),
  )
  progress.clear()
  const { problems: _, ended, ...counts } = report
  terminal.stdout.write(
    flags.json === true ? `${JSON.stringify({ ...counts, ended })}\n` : `${printCounts(report)}\n`,
  )
  judge(report)
}

function judge({ ended, bad, created, replaced, unchanged }: ImportReport): void {
  const stored = created + replaced + unchanged
  if (ended === 'stopped') {
    throw new CommandFailure(
      `import stopped there, with ${stored} images stored; ` +
        'correct it and import again, or give --skip-bad',
    )
  }
  if (ended === 'aborted') {
    throw new CommandFailure(`import was interrupted, with ${stored} images stored`)
  }
  if (bad > 0) throw new CommandFailure(`${bad} bad documents were left out`)
}

function printCounts(counts: ImportCounts): string {
  const { read, created, replaced, unchanged, bad, elapsedMs } = counts
  const perSecond = elapsedMs > 0 ? Math.round((read * 1000) / elapsedMs) : 0
  const parts = [`${created} new`, `${replaced} replaced`, `${unchanged} unchanged`, `${bad} bad`]
  const seconds = (elapsedMs / 1000).toFixed(1)
  return `${read} documents read: ${parts.join(', ')}; ${seconds} s, ${perSecond} a second`
}
