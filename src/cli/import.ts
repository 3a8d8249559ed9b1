import type { Command } from 'commander'
import type { ImageStore } from '../catalogue/catalogue.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ImportCounts, ImportReport } from '../transfer/import.ts'
import { addConfigFlags, DATA_FLAGS, loadGivenConfig } from './config-flags.ts'
import { CommandFailure } from './failure.ts'
import { hasCatalogue, withAccounts, withImages } from './open-data.ts'
import { Progress } from './progress.ts'
import { printable, type Terminal } from './terminal.ts'

const HELP = `
A file is a JSON array, a page as the Image service prints it ({"images": [...]}), or one document a
line; gzip or not. An image whose id is there already is replaced; importing twice changes nothing.
Documents may also be as the Compute API, "openstack image show|list --long -f json" or openstacksdk's
to_dict() print them.

Examples:
  afterimage import images.json
  afterimage import --skip-bad dump-1.jsonl.gz dump-2.jsonl.gz
  curl -H "X-Auth-Token: $TOKEN" "$GLANCE/v2/images?limit=1000" | afterimage import -`

interface ImportFlags {
  readonly skipBad?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `import`: image documents into the catalogue, also while it is being served. */
export function addImportCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('import')
    .description('store image documents in the catalogue, also while it is being served')
    .argument('<FILE...>', 'files of image documents; - is the standard input')
    .option('--skip-bad', 'go on after a document that is wrong (default: stop there)')
    .option('--dry-run', 'say what would be stored and all that is wrong, and store nothing')
    .option('--json', 'print the counts as JSON')
    .addHelpText('after', HELP)
    .action(async (files: string[]) => runImport(command, files, terminal))
  addConfigFlags(command, DATA_FLAGS)
}

async function runImport(command: Command, files: string[], terminal: Terminal): Promise<void> {
  const flags = command.opts<ImportFlags>()
  const isDry = flags.dryRun === true
  const loaded = loadGivenConfig(command, terminal)
  const { importImages, printProblem } = await import('../transfer/import.ts')
  const progress = new Progress(terminal)
  const say = (text: string) => {
    progress.clear()
    terminal.stderr.write(`${text}\n`)
  }
  const report = await withStore(loaded, terminal, isDry, (store) =>
    importImages({
      files,
      stdin: terminal.stdin,
      store,
      onBadDocument: flags.skipBad === true || isDry ? 'skip' : 'stop',
      onProgress: (soFar) => progress.show(() => printCounts(soFar)),
      onProblem: (problem) => say(`afterimage: ${printProblem(problem)}`),
      onLeftOut: (file, counts) => say(printLeftOut(file, counts)),
      signal: terminal.stop,
    }),
  )
  progress.clear()
  const strangers = await withoutProject(report.owners, loaded, terminal)
  const { problems: _, owners: __, ended, ...counts } = report
  const printed = { ...counts, ended, isDryRun: isDry, ownersWithoutProject: [...strangers.keys()] }
  terminal.stdout.write(
    flags.json === true
      ? `${JSON.stringify(printed)}\n`
      : `${isDry ? 'nothing is stored; ' : ''}${printCounts(report)}\n`,
  )
  if (strangers.size > 0) terminal.stderr.write(printStrangers(strangers))
  judge(report)
}

type Store = Pick<ImageStore, 'putImages' | 'settle'>

async function withStore<T>(
  { config }: LoadedConfig,
  terminal: Terminal,
  isDry: boolean,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  if (!isDry) return await withImages(config, terminal, 'make', work)
  const { dryStore } = await import('../transfer/dry-store.ts')
  if (!(await hasCatalogue(config))) return await work(dryStore(undefined))
  return await withImages(config, terminal, 'read', (store) => work(dryStore(store)))
}

function printLeftOut(file: string, counts: ReadonlyMap<string, number>): string {
  const fields = Array.from(counts, ([field, count]) => `${field} (${count} times)`).join(', ')
  return printable(`${file === '-' ? 'standard input' : file}: left out: ${fields}`)
}

/** Of the owners of what was read, those that are no project here, with their numbers of images. */
async function withoutProject(
  owners: ImportReport['owners'],
  loaded: LoadedConfig,
  terminal: Terminal,
): Promise<ReadonlyMap<string, number>> {
  const projects = (await hasCatalogue(loaded.config))
    ? await withAccounts(loaded, terminal, 'existing', (accounts) => accounts.listProjects())
    : []
  const known = new Set(projects.map(({ id }) => id))
  return new Map([...owners].filter(([owner]) => owner !== '' && !known.has(owner)))
}

/** Of the projects to make, this many are printed as commands. */
const STRANGERS_SHOWN_MAX = 20

function printStrangers(strangers: ReadonlyMap<string, number>): string {
  const images = strangers.values().reduce((sum, count) => sum + count, 0)
  const shown = [...strangers.keys()].slice(0, STRANGERS_SHOWN_MAX)
  const more = strangers.size - shown.length
  const lines = [
    `${images} images belong to ${strangers.size} projects that are not here; to make them:`,
    ...shown.map((id) => `  afterimage project add NAME --id ${quoted(printable(id))}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** For a shell: an owner is any text that a document holds. */
function quoted(text: string): string {
  return /^\w[\w.-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
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
