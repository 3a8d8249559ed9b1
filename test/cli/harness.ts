import { PassThrough, Readable, Writable } from 'node:stream'
import { run } from '../../src/cli/run.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Situation {
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stdin?: string
  readonly stop?: AbortSignal
  /** Given what SIGHUP would do. */
  readonly onHangUp?: (act: () => void) => void
  /** Called with all of stdout so far, whenever something is written. */
  readonly onStdout?: (text: string) => void
  /** The same of stderr. */
  readonly onStderr?: (text: string) => void
}

/** Runs one command line in this process. */
export async function runCommand(args: readonly string[], situation: Situation): Promise<Outcome> {
  const stdout = new Sink(situation.onStdout)
  const stderr = new Sink(situation.onStderr)
  const code = await run(args, {
    environment: situation.environment ?? {},
    cwd: situation.cwd,
    stdin: Readable.from(situation.stdin === undefined ? [] : [Buffer.from(situation.stdin)]),
    stdout,
    stderr,
    stop: situation.stop ?? new AbortController().signal,
    onHangUp: situation.onHangUp ?? (() => undefined),
    program: 'afterimage',
  })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

export class Sink extends Writable {
  text = ''
  isTTY = false
  readonly #onText: ((text: string) => void) | undefined

  constructor(onText?: (text: string) => void) {
    super({ decodeStrings: true })
    this.#onText = onText
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    this.#onText?.(this.text)
    done()
  }
}

/** A keyboard: what is typed arrives as a terminal in raw mode would send it. */
export class Keyboard extends PassThrough {
  readonly isTTY = true
  isRaw = false

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }
}
