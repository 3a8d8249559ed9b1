import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { CommandFailure, UsageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

const GENERATED_BYTES = 18
const STDIN_BYTES_MAX = 64 * 1024

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACES = ['\u0008', '\u007f']
const CTRL_U = '\u0015'

/** Never the password itself: `ps` and the shell's history show command lines. */
export interface PasswordFlags {
  readonly password?: boolean
  readonly passwordStdin?: boolean
  readonly generatePassword?: boolean
}

export function addPasswordFlags(command: Command): void {
  command
    .option('--password', 'ask for the password on the terminal, without showing it')
    .option('--password-stdin', 'read the password from the standard input, one line')
    .option('--generate-password', 'make a password up and print it, once')
}

export interface NewPassword {
  readonly text: string
  /** It was made up, so the user has to be told. */
  readonly isShown: boolean
}

/**
 * A new password from the source that the flags name; undefined without such a flag. @throws
 * UsageFailure, CommandFailure
 */
export async function newPassword(
  flags: PasswordFlags,
  terminal: Terminal,
): Promise<NewPassword | undefined> {
  const ways = [flags.password, flags.passwordStdin, flags.generatePassword].filter(Boolean)
  if (ways.length > 1) {
    throw new UsageFailure('give one of --password, --password-stdin and --generate-password')
  }
  if (flags.generatePassword) {
    return { text: randomBytes(GENERATED_BYTES).toString('base64url'), isShown: true }
  }
  if (flags.passwordStdin) return { text: await readLine(terminal), isShown: false }
  return flags.password ? askPassword(terminal) : undefined
}

/** The standard input up to the end of its first line. */
async function readLine({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const part = Buffer.from(chunk)
    chunks.push(part)
    bytes += part.length
    if (part.includes('\n') || bytes > STDIN_BYTES_MAX) break
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/)
  if (line === '') throw new CommandFailure('the standard input holds no password')
  return line
}

/** Asks on the terminal, twice. @throws UsageFailure where there is none */
export async function askPassword(terminal: Terminal): Promise<NewPassword> {
  if (terminal.stdin.isTTY !== true || terminal.stdin.setRawMode === undefined) {
    throw new UsageFailure(
      'there is no terminal to ask for the password on; give --password-stdin or --generate-password',
    )
  }
  const first = await askHidden('Password: ', terminal)
  if (first === '') throw new CommandFailure('the password is empty')
  if ((await askHidden('Once more: ', terminal)) !== first) {
    throw new CommandFailure('the two passwords are not the same')
  }
  return { text: first, isShown: false }
}

async function askHidden(question: string, { stdin, stderr }: Terminal): Promise<string> {
  stderr.write(question)
  stdin.setRawMode?.(true)
  stdin.setEncoding('utf8')
  let typed = ''
  try {
    for await (const text of keys(stdin)) {
      for (const key of text) {
        if (key === '\r' || key === '\n' || key === CTRL_D) return typed
        if (key === CTRL_C) throw new CommandFailure('stopped')
        if (key === CTRL_U) typed = ''
        else if (BACKSPACES.includes(key)) typed = [...typed].slice(0, -1).join('')
        else typed += key
      }
    }
    return typed
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/** The typed text; the terminal is not closed afterwards. */
function keys(stdin: Terminal['stdin']): AsyncIterable<string> {
  return stdin.iterator({ destroyOnReturn: false })
}
