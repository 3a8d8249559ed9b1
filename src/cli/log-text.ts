import { printable } from './terminal.ts'

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
}

/** Lines of pino's JSON for people: the time, the level, the message, and what belongs to it. */
export function printLogLines(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${printOne(JSON.parse(line) as Record<string, unknown>)}\n`)
    .join('')
}

function printOne({
  level,
  time,
  msg,
  pid: _,
  hostname: __,
  err,
  ...rest
}: Record<string, unknown>) {
  const at = new Date(Number(time)).toISOString().slice(11, 23)
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${printValue(value)}`)
  const error = err as { readonly stack?: string; readonly message?: string } | undefined
  const stack = error === undefined ? '' : `\n${error.stack ?? error.message}`
  return `${at} ${LEVELS[Number(level)] ?? '     '} ${printable(String(msg))}${fields.join('')}${stack}`
}

function printValue(value: unknown): string {
  if (typeof value !== 'string') return printable(JSON.stringify(value))
  return /^[\w./:@+-]+$/.test(value) ? value : printable(JSON.stringify(value))
}
