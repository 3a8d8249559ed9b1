import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { TestContext } from 'node:test'

export interface FakeNova {
  readonly url: string
  readonly port: number
  /** The request lines and headers that came, as they came. */
  readonly seen: Seen[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
  stop(): Promise<void>
  start(): Promise<void>
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
}

/** A Nova that keeps what it is asked in its own bytes, and does what `answer` says. */
export async function startFakeNova(t: TestContext): Promise<FakeNova> {
  let server: Server | undefined
  let port = 0
  const seen: Seen[] = []
  const stop = async () => {
    const stopping = server
    server = undefined
    if (stopping === undefined) return
    stopping.closeAllConnections()
    await new Promise((resolve) => stopping.close(resolve))
  }
  const start = async () => {
    const starting = createServer((request, response) => {
      const { method = '', url = '', rawHeaders } = request
      seen.push({ method, url, rawHeaders })
      nova.answer(request, response)
    })
    await new Promise<void>((resolve) => starting.listen(port, '127.0.0.1', resolve))
    server = starting
    port = (starting.address() as AddressInfo).port
  }
  t.after(stop)
  await start()
  const nova: FakeNova = {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    answer: (_request, response) => response.end(),
    stop,
    start,
  }
  return nova
}

/** Sends bytes to a port, and gives everything that comes until the other side closes. */
export async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(text, 'latin1')
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('latin1')
}
