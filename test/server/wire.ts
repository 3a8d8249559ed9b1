import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Answer, parseAnswers } from './answers.ts'

/** Sends raw bytes to a server, since no HTTP client would send these requests. */

const ANSWER_TIMEOUT_MS = 8000

/** Everything received over one connection. */
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
  /** Speak TLS, and trust this certificate (PEM). */
  readonly ca?: string
}

/** Writes bytes (text as Latin-1: one byte a character) and collects the answers. */
export function say(port: number, parts: Part | Part[], options: Say = {}): Promise<Heard> {
  const { until = Number.POSITIVE_INFINITY, isHead = false, halfClose = false, ca } = options
  return new Promise((resolve, reject) => {
    const host = '127.0.0.1'
    const socket = ca === undefined ? connect(port, host) : connectTls({ port, host, ca })
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
    socket.on(ca === undefined ? 'connect' : 'secureConnect', async () => {
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

/** Sends bytes and leaves the connection open, without reading what comes. */
export function openUnread(port: number, bytes: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.pause()
      socket.write(bytes)
      resolve(socket)
    })
    socket.on('error', () => undefined)
  })
}
