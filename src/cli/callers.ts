import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CallerDocument } from '../ledger/document.ts'
import { printCallers, printCsv } from './callers/print.ts'
import { type CallersQuery, mergeCallers, readFiles } from './callers/read-files.ts'
import { askCallers } from './client/ask-callers.ts'
import { addCloudFlags, chosenCloud } from './cloud-flags.ts'
import { loadGivenConfig } from './config-flags.ts'
import { CommandFailure, UsageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface CallersFlags {
  readonly since?: string
  readonly project?: string
  readonly client?: string
  readonly file?: readonly string[]
  readonly endpoint?: readonly string[]
  readonly osCloud?: string
  readonly json?: boolean
  readonly csv?: boolean
}

const EXAMPLES = `
Reads the ledger in the data folder, or --file FILE; --endpoint URL asks a running Afterimage, as an administrator.
Several of either are added up.

Examples:
  afterimage callers
  afterimage callers --since 2026-11-01 --client gophercloud
  afterimage callers --os-cloud mycloud --endpoint http://one:8774 http://two:8774 --json`

/** `callers`: who still makes calls about images. */
export function addCallersCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('callers')
    .description('show who still makes calls of the Compute API about images')
    .option('--json', 'print JSON, with the calls of each day')
    .option('--csv', 'print CSV, a line for each row and day')
    .addHelpText('after', EXAMPLES)
    .action(async () => runCallers(command, terminal))
  addCallersFlags(command)
}

/** Flags that say which ledgers to read, and what of them. */
export function addCallersFlags(command: Command): void {
  command
    .option('--since <DATE>', 'only calls of this day (UTC) and later, such as 2026-11-26')
    .option('--project <ID>', 'only calls of this project')
    .option('--client <FAMILY>', 'only calls of this client family, such as gophercloud')
    .option('--file <FILE...>', 'ledger to read (default: as the configuration says)')
    .option('--endpoint <URL...>', 'ask these Afterimages on their compute port instead')
  addCloudFlags(command)
}

async function runCallers(command: Command, terminal: Terminal): Promise<void> {
  const flags = command.opts<CallersFlags>()
  if (flags.json === true && flags.csv === true) {
    throw new UsageFailure('--json and --csv are two formats; give one of them')
  }
  const callers = await findCallers(command, terminal)
  if (flags.json === true) terminal.stdout.write(`${JSON.stringify(callers, null, 2)}\n`)
  else if (flags.csv === true) terminal.stdout.write(printCsv(callers))
  else terminal.stdout.write(printCallers(callers, Date.now()))
}

/** The rows that the flags of a command ask for, added up. @throws CommandFailure, UsageFailure */
export async function findCallers(
  command: Command,
  terminal: Terminal,
): Promise<readonly CallerDocument[]> {
  const flags = command.opts<CallersFlags>()
  const query = readQuery(flags)
  if (flags.endpoint === undefined && flags.osCloud === undefined) {
    return mergeCallers(await readFiles(await ledgerFiles(command, flags, terminal), query))
  }
  const found: CallerDocument[] = []
  for (const endpoint of flags.endpoint ?? [undefined]) {
    const cloud = chosenCloud(command, terminal, endpoint)
    found.push(...(await askCallers(cloud, query, terminal.stop)))
  }
  return mergeCallers(found)
}

async function ledgerFiles(
  command: Command,
  { file }: CallersFlags,
  terminal: Terminal,
): Promise<readonly string[]> {
  if (file !== undefined) return file.map((path) => existing(resolve(terminal.cwd, path)))
  const { ledgerPath } = await import('../server/ledger.ts')
  const path = ledgerPath(loadGivenConfig(command, terminal).config)
  if (path === undefined) {
    throw new CommandFailure(
      'the configuration keeps no ledger (ledger.enabled, and ledger.file in front of a cloud); give --file FILE',
    )
  }
  return [existing(path)]
}

function existing(path: string): string {
  if (existsSync(path)) return path
  throw new CommandFailure(
    `there is no ledger ${path}: nobody has been served from there yet; give --data DIR or --file FILE`,
  )
}

function readQuery({ since, project, client }: CallersFlags): CallersQuery {
  const isDay = since === undefined || !Number.isNaN(Date.parse(`${since}T00:00:00Z`))
  if (!isDay || !/^\d{4}-\d{2}-\d{2}$/.test(since ?? '2026-01-01')) {
    throw new UsageFailure(`--since "${since}" must be a date such as 2026-11-26`)
  }
  return {
    ...(since === undefined ? {} : { since }),
    ...(project === undefined ? {} : { projectId: project }),
    ...(client === undefined ? {} : { client }),
  }
}
