import { Command, CommanderError } from 'commander'
import { DEBUG_VARIABLE } from '../config/options.ts'
import { ConfigError } from '../config/settings.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { addBackupCommand } from './backup.ts'
import { addCallersCommand } from './callers.ts'
import { addCheckCommand } from './check.ts'
import { addCompareCommand } from './compare.ts'
import { addCompletionCommand } from './completion.ts'
import { addConfigCommand } from './config.ts'
import { addCredentialCommand } from './credential.ts'
import { addExportCommand } from './export.ts'
import { UsageFailure } from './failure.ts'
import { addImagesCommand } from './images.ts'
import { addImportCommand } from './import.ts'
import { addManCommand } from './man.ts'
import { addProjectCommand } from './project.ts'
import { addReportCommand } from './report.ts'
import { addRestoreCommand } from './restore.ts'
import { addServeCommand } from './serve.ts'
import { printable, type Terminal } from './terminal.ts'
import { addTokenCommand } from './token.ts'
import { addTranslateCommand } from './translate.ts'
import { addUserCommand } from './user.ts'
import { packageVersion } from './version.ts'

const EXIT_OK = 0
const EXIT_FAILED = 1
const EXIT_USAGE = 2

const EXAMPLES = `
Exit codes: 0 done, 1 failed, 2 called or configured wrongly. AFTERIMAGE_DEBUG=1 shows stack traces.

Examples:
  afterimage serve --example
  afterimage images --status active
  afterimage import images.json`

/** Runs one command line. @returns its exit code; errors have been printed on stderr. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT_OK
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK
    // Called without a command, commander has printed the help and has nothing to add.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT_USAGE
    report(error, terminal)
    const isUsage =
      error instanceof CommanderError ||
      error instanceof UsageFailure ||
      error instanceof ConfigError
    return isUsage ? EXIT_USAGE : EXIT_FAILED
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('afterimage')
    .description('The OpenStack Compute image API, served from an embedded catalogue.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: () => undefined, // said once, by `report`
    })
  addServeCommand(program, terminal)
  addImportCommand(program, terminal)
  addExportCommand(program, terminal)
  addBackupCommand(program, terminal)
  addRestoreCommand(program, terminal)
  addCheckCommand(program, terminal)
  addImagesCommand(program, terminal)
  addTranslateCommand(program, terminal)
  addCallersCommand(program, terminal)
  addReportCommand(program, terminal)
  addCompareCommand(program, terminal)
  addTokenCommand(program, terminal)
  addProjectCommand(program, terminal)
  addUserCommand(program, terminal)
  addCredentialCommand(program, terminal)
  addConfigCommand(program, terminal)
  addCompletionCommand(program, terminal)
  addManCommand(program, terminal)
  return program
}

function report(error: unknown, { stderr, environment }: Terminal): void {
  for (const message of messagesOf(error)) stderr.write(`afterimage: ${printable(message)}\n`)
  if (environment[DEBUG_VARIABLE] && error instanceof Error) stderr.write(`${error.stack}\n`)
}

function messagesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
    return [`${message}; --help says what there is`]
  }
  if (!(error instanceof Error)) return [String(error)]
  return [fileTroubleOf(error)?.message ?? error.message]
}
