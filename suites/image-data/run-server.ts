import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { ImageDataSettings } from '../../src/server/image-data.ts'

const SERVER = new URL('server.ts', import.meta.url).pathname

/** A server in a process of its own. */
export class RunningServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #exited: Promise<unknown>
  readonly port: number

  private constructor(
    child: ChildProcess,
    lines: Interface,
    exited: Promise<unknown>,
    port: number,
  ) {
    this.#child = child
    this.#lines = lines
    this.#exited = exited
    this.port = port
  }

  static async start(
    folder: string,
    settings: Partial<ImageDataSettings> = {},
  ): Promise<RunningServer> {
    const args = [SERVER, folder, JSON.stringify(settings)]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const exited = once(child, 'close')
    const lines = createInterface({ input: child.stdout })
    const [line] = (await Promise.race([once(lines, 'line'), exited])) as [unknown]
    const [, port] = /^listening (\d+)$/.exec(String(line)) ?? []
    if (port === undefined) throw new Error(`the server did not start: ${line}`)
    return new RunningServer(child, lines, exited, Number(port))
  }

  async rssBytes(): Promise<number> {
    this.#child.stdin?.write('memory\n')
    const [line] = (await once(this.#lines, 'line')) as [string]
    return Number(line.split(' ')[1])
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end()
    await this.#exited
  }
}
