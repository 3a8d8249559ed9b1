import { processEnvironment } from '../config/environment.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { whenParentEnds } from './parent.ts'
import { run } from './run.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/**
 * One Ctrl+C may arrive twice, from the terminal and from a parent; only a later one counts as a
 * second.
 */
const SAME_SIGNAL_MS = 500
const EXIT_FAILED = 1

/**
 * Runs the whole program in this process. Sets the exit code and lets the process end by itself.
 */
export async function main(): Promise<void> {
  silenceExperimentalSqlite()
  endQuietlyWithoutReader()
  process.exitCode = await run(process.argv.slice(2), {
    environment: processEnvironment(),
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stop: stopSignal(),
    program: process.argv[1] ?? 'afterimage',
  })
}

/** Aborted by the first signal; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let firstMs: number | undefined
  const stop = () => {
    firstMs ??= performance.now()
    if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(EXIT_FAILED)
    controller.abort()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  if (processEnvironment()['npm_command'] === 'exec') whenParentEnds(stop)
  return controller.signal
}

/** `afterimage export | head` is no error. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    const { message } = fileTroubleOf(error, 'standard output') ?? error
    process.stderr.write(`afterimage: ${message}\n`)
    process.exit(EXIT_FAILED)
  })
}

/** Node 24 warns that node:sqlite may change; this program is tested with the versions it runs on. */
function silenceExperimentalSqlite(): void {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const isSqlite = typeof warning === 'string' && warning.startsWith('SQLite is an experimental')
    if (!isSqlite) Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
}
