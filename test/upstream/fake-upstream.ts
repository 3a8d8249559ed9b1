/**
 * A service on loopback that does what it is told, for tests of what stands in front of it.
 *
 *   const fake = await fakeUpstream(t)              // closed after the test
 *   fake.behave((request) => json(200, { images: [] }))
 *   fake.behave(once(hang(), json(200, {})))        // one behaviour for each request, the last one stays
 *   fake.requests                                   // what came: method, path, query, headers, body
 *   await fake.stop(); await fake.start()           // connection refused meanwhile, same port
 *
 * A behaviour is given the request as recorded and the raw response, and may answer, break off or
 * never end. `behave` also takes a function that chooses a behaviour for each request.
 */
import { once as happened } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  /** Without the query, as sent. */
  readonly path: string
  /** Without the question mark, as sent; '' for none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export type Behaviour = (request: SeenRequest, response: ServerResponse) => void
export type Choose = (request: SeenRequest) => Behaviour

export interface FakeUpstream {
  readonly url: string
  readonly requests: SeenRequest[]
  /** What each request meets from now on. */
  behave(choose: Choose | Behaviour): void
  /** Connections that are open now. */
  connections(): number
  /** Requests whose answer is neither finished nor broken off. */
  pending(): number
  stop(): Promise<void>
  start(): Promise<void>
}

/** A test, or what stands for all tests of a file. */
export interface Ending {
  after(stop: () => Promise<void>): void
}

interface FakeOptions {
  /** PEM; with them the service speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Starts one that answers 404 until it is told otherwise. */
export async function fakeUpstream(t: Ending, options: FakeOptions = {}): Promise<FakeUpstream> {
  const requests: SeenRequest[] = []
  const sockets = new Set<object>()
  const responses = new Set<object>()
  let choose: Choose | Behaviour = () => status(404)
  const listener = async (message: IncomingMessage, response: ServerResponse) => {
    const request = await seen(message)
    requests.push(request)
    const chosen: unknown = (choose as (request: SeenRequest, response: ServerResponse) => unknown)(
      request,
      response,
    )
    if (typeof chosen === 'function') (chosen as Behaviour)(request, response)
  }
  let server: Server | undefined
  let port = 0
  const start = async () => {
    server = options.tls === undefined ? createServer() : createTlsServer(options.tls)
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      responses.add(response)
      response.on('close', () => responses.delete(response))
      listener(message, response).catch(() => message.destroy())
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    server.keepAliveTimeout = 60_000
    server.listen(port, '127.0.0.1')
    await happened(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  const stop = async () => {
    const stopping = server
    server = undefined
    if (stopping === undefined) return
    const closed = happened(stopping, 'close')
    stopping.close()
    stopping.closeAllConnections()
    await closed
  }
  await start()
  t.after(stop)
  const scheme = options.tls === undefined ? 'http' : 'https'
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    requests,
    behave: (next) => {
      choose = next
    },
    connections: () => sockets.size,
    pending: () => responses.size,
    stop,
    start,
  }
}

async function seen(message: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const target = message.url ?? ''
  const mark = target.indexOf('?')
  return {
    method: message.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: message.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** The behaviours in turn, one for each request; the last one stays. */
export function once(...behaviours: readonly Behaviour[]): Choose {
  let next = 0
  return () => {
    const behaviour = behaviours[Math.min(next, behaviours.length - 1)]
    next += 1
    if (behaviour === undefined) throw new Error('no behaviour given')
    return behaviour
  }
}

export function json(code: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return text(code, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

export function text(code: number, body: string, headers: Record<string, string> = {}): Behaviour {
  return (_, response) => {
    response.writeHead(code, headers)
    response.end(body)
  }
}

/** Any status with a short HTML body, as Glance prints its own faults. */
export function status(code: number, headers: Record<string, string> = {}): Behaviour {
  const body = `<html><head><title>${code}</title></head><body><h1>${code}</h1></body></html>`
  return text(code, body, { 'content-type': 'text/html; charset=UTF-8', ...headers })
}

export function redirect(location: string, code = 302): Behaviour {
  return status(code, { location })
}

/** The connection breaks with a TCP reset before a byte of the answer. */
export function resetAtOnce(): Behaviour {
  return (_, response) => response.socket?.resetAndDestroy()
}

/** It breaks after the headers and the first part of the body. */
export function resetInBody(part = '{"images": [', lengthBytes = 1000): Behaviour {
  return (_, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': lengthBytes,
    })
    response.write(part, () => setTimeout(() => response.socket?.resetAndDestroy(), 10))
  }
}

/** Less than `Content-Length` says, then a clean end of the connection. */
export function endsEarly(part = '{"images": [', lengthBytes = 1000): Behaviour {
  return (_, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': lengthBytes,
    })
    response.write(part, () => setTimeout(() => response.socket?.end(), 10))
  }
}

/** Never a byte. */
export function hang(): Behaviour {
  return () => {}
}

/** Headers, and then nothing more. */
export function hangInBody(part = '{"images": ['): Behaviour {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(part)
  }
}

/** A proper body, one byte each `everyMs`. */
export function drip(body: string, everyMs = 1000): Behaviour {
  return (_, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    })
    const bytes = Buffer.from(body)
    let next = 0
    const timer = setInterval(() => {
      response.write(bytes.subarray(next, next + 1))
      next += 1
      if (next < bytes.length) return
      clearInterval(timer)
      response.end()
    }, everyMs)
    response.on('close', () => clearInterval(timer))
  }
}

const FLOOD_CHUNK = Buffer.alloc(64 * 1024, ' ')

/** A body of so many bytes, as fast as it is taken; without `Content-Length` unless asked for. */
export function flood(bytes = 2 ** 30, isLengthTold = false): Behaviour {
  return (_, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(isLengthTold ? { 'content-length': bytes } : {}),
    })
    let left = bytes
    const pour = () => {
      while (left > 0 && !response.destroyed) {
        const chunk = FLOOD_CHUNK.subarray(0, Math.min(left, FLOOD_CHUNK.length))
        left -= chunk.length
        if (!response.write(chunk)) return
      }
      if (left === 0) response.end()
    }
    response.on('drain', pour)
    pour()
  }
}

/** Not HTTP at all. */
export function garbage(): Behaviour {
  return (_, response) => response.socket?.end('this is not HTTP\r\n\r\n')
}

/** A page of Glance's list; a `next` that leads to itself loops. */
export function page(images: readonly unknown[], next?: string): Behaviour {
  return json(200, {
    images,
    schema: '/v2/schemas/images',
    first: '/v2/images',
    ...(next && { next }),
  })
}

/** The behaviour, only later. */
export function after(delayMs: number, behaviour: Behaviour): Behaviour {
  return (request, response) => {
    const timer = setTimeout(() => behaviour(request, response), delayMs)
    response.on('close', () => clearTimeout(timer))
  }
}
