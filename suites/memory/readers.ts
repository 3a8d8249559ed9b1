import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 100

/** What a reader asks for. */
export interface Wanted {
  readonly url: string
  readonly token: string
  /** Accept-Encoding. */
  readonly coding?: string
}

/** A caller who takes an answer's bytes at a rate, however fast they come. */
export class SlowReader implements Disposable {
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  head = ''
  bytes = 0

  private constructor(socket: Socket, bytesPerSecond: number) {
    this.#socket = socket
    const atOnce = Math.ceil((bytesPerSecond * LOOK_EVERY_MS) / 1000)
    this.#timer = setInterval(() => this.#take(atOnce), LOOK_EVERY_MS)
  }

  static async begin(wanted: Wanted, bytesPerSecond: number): Promise<SlowReader> {
    const socket = await ask(wanted)
    return new SlowReader(socket, bytesPerSecond)
  }

  get isCut(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#socket.destroy()
  }

  #take(bytesMax: number): void {
    const piece: Buffer | null =
      this.#socket.read(Math.min(bytesMax, this.#socket.readableLength)) ?? null
    if (piece === null) return
    this.bytes += piece.length
    if (this.head.length < 1024) this.head += piece.toString('latin1')
  }
}

/** Reads an answer as fast as it comes. @returns its head and how long it was */
export async function readAll(wanted: Wanted): Promise<{ head: string; bytes: number }> {
  const socket = await ask(wanted, 'Connection: close\r\n')
  let head = ''
  let bytes = 0
  for await (const piece of socket as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (head.length < 1024) head += piece.toString('latin1')
  }
  return { head, bytes }
}

async function ask({ url, token, coding }: Wanted, more = ''): Promise<Socket> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const encoding = coding === undefined ? '' : `Accept-Encoding: ${coding}\r\n`
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nX-Auth-Token: ${token}\r\n${encoding}${more}\r\n`,
  )
  return socket
}

/** Until every reader has its first bytes, or a moment is over. */
export async function begun(readers: readonly SlowReader[]): Promise<boolean> {
  for (let tries = 0; tries < 900; tries += 1) {
    if (readers.every(({ bytes }) => bytes > 0)) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}
