import { connect, type Socket } from 'node:net'

/** Talking to a server byte by byte, since what is tested here is what no HTTP client would send. */

const ANSWER_TIMEOUT_MS = 8000

export interface Answer {
  readonly status: number
  /** Lower-case names; a repeated header's values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
  /** Whether the body ended where its framing says that it ends; false where it says nothing. */
  readonly isComplete: boolean
}

/** All that came over one connection. */
export interface Heard {
  readonly answers: readonly Answer[]
  /** How many `100 Continue` came before the first answer. */
  readonly continues: number
  /** The server closed it. */
  readonly isClosed: boolean
}

export interface Say {
  /** How many answers to wait for before hanging up; Infinity: until the server closes. */
  readonly until?: number
  /** The method, where it decides whether an answer has a body. */
  readonly isHead?: boolean
  /** Half-close after the last byte. */
  readonly halfClose?: boolean
}

/** Writes bytes (text as Latin-1: a character a byte) and gathers what comes back. */
export function say(port: number, parts: Part | Part[], options: Say = {}): Promise<Heard> {
  const { until = Number.POSITIVE_INFINITY, isHead = false, halfClose = false } = options
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer, but ${JSON.stringify(text().slice(0, 300))}`))
    }, ANSWER_TIMEOUT_MS)
    const text = () => Buffer.concat(chunks).toString('latin1')
    const settle = (isClosed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ ...parseAnswers(text(), isHead), isClosed })
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (until === Number.POSITIVE_INFINITY) return
      const { answers } = parseAnswers(text(), isHead)
      if (answers.filter((answer) => answer.isComplete).length >= until) settle(false)
    })
    socket.on('error', () => undefined) // a reset; what came before it counts
    socket.on('close', () => settle(true))
    socket.on('connect', async () => {
      for (const part of Array.isArray(parts) ? parts : [parts]) {
        if (socket.destroyed) return
        await write(socket, part)
      }
      if (halfClose) socket.end()
    })
  })
}

/** Text, bytes, or a pause in milliseconds. */
export type Part = string | Buffer | number

function write(socket: Socket, part: Part): Promise<void> {
  return new Promise((resolve) => {
    if (typeof part === 'number') setTimeout(resolve, part)
    else if (!socket.writable) resolve()
    else
      socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part, () => resolve())
  })
}

function parseAnswers(text: string, isHead: boolean): Omit<Heard, 'isClosed'> {
  const answers: Answer[] = []
  let continues = 0
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) break
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
    rest = rest.slice(end + 4)
    if (status === 100) {
      continues += 1
      continue
    }
    const headers = readHeaders(lines)
    const { body, isComplete, after } = readBody(rest, headers, isHead || status === 204)
    answers.push({ status, headers, body, isComplete })
    rest = after
  }
  return { answers, continues }
}

function readHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return headers
}

interface Body {
  readonly body: string
  readonly isComplete: boolean
  readonly after: string
}

function readBody(
  rest: string,
  headers: ReadonlyMap<string, readonly string[]>,
  isEmpty: boolean,
): Body {
  if (isEmpty) return { body: '', isComplete: true, after: rest }
  if (headers.get('transfer-encoding')?.[0] === 'chunked') return readChunks(rest)
  const given = headers.get('content-length')?.[0]
  // Framed by the end of the connection alone: there is no telling whether it is whole.
  const length = given === undefined ? Number.POSITIVE_INFINITY : Number(given)
  const bytes = rest.slice(0, length)
  const body = Buffer.from(bytes, 'latin1').toString('utf8')
  return { body, isComplete: bytes.length === length, after: rest.slice(length) }
}

function readChunks(from: string): Body {
  const parts: string[] = []
  let at = 0
  const finish = (isComplete: boolean) => {
    const body = Buffer.from(parts.join(''), 'latin1').toString('utf8')
    return { body, isComplete, after: from.slice(at) }
  }
  for (;;) {
    const end = from.indexOf('\r\n', at)
    if (end === -1) return finish(false)
    const size = Number.parseInt(from.slice(at, end), 16)
    if (size === 0) {
      at = end + 4
      return finish(from.slice(end, end + 4) === '\r\n\r\n')
    }
    parts.push(from.slice(end + 2, end + 2 + size))
    at = end + 2 + size + 2
    if (at > from.length) return finish(false)
  }
}
