import type { Served } from '../../test/workers/served.ts'

/** Pino's number for errors. */
const ERROR_LEVEL = 50
const SHOWN_MAX = 5

/** Stops it as a service is stopped. @returns what it should not have said or done */
export async function stop(served: Served): Promise<readonly string[]> {
  served.kill('SIGTERM')
  const [code, signal] = await served.ended
  const ending =
    code === 0 ? [] : [`it ended with ${code ?? signal}: ${served.stderr.slice(-2000)}`]
  const errors = served
    .log()
    .filter((record) => 'level' in record && Number(record.level) >= ERROR_LEVEL)
    .map((record) => JSON.stringify(record))
  const logged =
    errors.length === 0
      ? []
      : [`it logged ${errors.length} errors:\n${errors.slice(0, SHOWN_MAX).join('\n')}`]
  return [...ending, ...logged]
}
