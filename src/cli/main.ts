import { processEnvironment } from '../config/environment.ts'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { whenParentEnds } from './parent.ts'
import { silenceExperimentalSqlite } from './quiet-sqlite.ts'
import { run } from './run.ts'
import { keepHeapSmall } from './small-heap.ts'
import { type Stop, stopOnSignals } from './stop-signal.ts'

const EXIT_FAILED = 1

/**
 * Runs the whole program in this process. Sets the exit code and lets the process end by itself.
 */
export async function main(): Promise<void> {
  silenceExperimentalSqlite()
  keepHeapSmall()
  endQuietlyWithoutReader()
  const stop = listenToSignals()
  process.exitCode = await run(process.argv.slice(2), {
    environment: processEnvironment(),
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stop: stop.signal,
    onHangUp: stop.onHangUp,
    program: process.argv[1] ?? 'afterimage',
  })
}

function listenToSignals(): Stop {
  const stop = stopOnSignals()
  if (processEnvironment()['npm_command'] === 'exec') whenParentEnds(stop.now)
  return stop
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
