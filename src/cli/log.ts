import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { printLogLines } from './log-text.ts'
import type { Terminal } from './terminal.ts'

/** Lines up to this are written together, at the latest after the time. */
const TOGETHER_CHARACTERS_MAX = 64 * 1024
const TOGETHER_MS = 100
/** pino's number of its level `warn`. */
const WARN = 40

/**
 * The log of a process, on its stderr: a line of JSON or text each. Lines below `warn` are gathered
 * for a moment, since one write for each request costs as much as a short request itself.
 */
export async function openLog(
  { log }: Pick<Config, 'log'>,
  stderr: Terminal['stderr'],
): Promise<Logger> {
  const { pino } = await import('pino')
  const print = logFormat(log, stderr) === 'text' ? printLogLines : (lines: string) => lines
  return pino(
    { level: log.level },
    gathered((lines) => stderr.write(print(lines))),
  )
}

/** As it was asked for; by itself text for people, and JSON for what collects logs. */
export function logFormat(
  { format }: Config['log'],
  { isTTY }: Pick<Terminal['stderr'], 'isTTY'>,
): 'text' | 'json' {
  return format ?? (isTTY === true ? 'text' : 'json')
}

/** What pino writes to; it tells the level of each line. */
function gathered(write: (lines: string) => void) {
  let text = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = text
    text = ''
    write(lines)
  }
  return {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string): void {
      text += line
      if (this.lastLevel >= WARN || text.length > TOGETHER_CHARACTERS_MAX) flush()
      else timer ??= setTimeout(flush, TOGETHER_MS)
    },
  }
}
