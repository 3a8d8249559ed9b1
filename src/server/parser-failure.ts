import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Face, Failure } from '../api/face/face.ts'
import { hangUp } from './hang-up.ts'
import { HEADER_BYTES_MAX } from './limits.ts'
import { isStreaming } from './request-body.ts'
import { isTlsError } from './tls.ts'

const refused = new WeakSet<Socket>()

/**
 * Answers what Node's HTTP parser refused: in the face's own shape and with a request id. The
 * connection is closed, since the start of the next request is unknown. Earlier complete requests
 * on the connection get their answers first.
 */
export function answerParserError(
  face: Face,
  error: Error & { code?: string },
  socket: Socket,
): void {
  if (refused.has(socket)) return // the parser complains of every further piece
  if (isTlsError(error)) {
    refuseHandshake(face, error.code, socket)
    return
  }
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { parser } = socket as ParsedSocket
  // A streamed body may take as long as it keeps coming; the idle limit watches over that.
  const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  if (isTimeout && parser?.incoming && isStreaming(parser.incoming)) return
  refused.add(socket)
  refuse(socket, parser?.incoming ?? undefined, () => print(face, failureOf(error.code)))
}

/**
 * Answers the preface of HTTP/2, `PRI`, if the parser takes it for a request (it does if the line
 * has no version). Node cuts that connection as soon as the request is emitted, so the answer must
 * be written at once, after all earlier answers.
 */
export function answerPreface(face: Face, response: ServerResponse): void {
  const socket = response.socket as ParsedSocket | null
  if (socket === null || refused.has(socket)) return
  refused.add(socket)
  if (socket._httpMessage === response) socket.write(print(face, failureOf('HPE_INVALID_METHOD')))
  hangUp(socket)
}

/**
 * Ends a connection that speaks no TLS, or not as it should. Who speaks plain HTTP is told so in
 * plain HTTP: everybody else has heard of it from the TLS library.
 */
function refuseHandshake(face: Face, code: string | undefined, socket: Socket): void {
  const plain = (socket as ParsedSocket)._parent ?? undefined
  if (code === 'ERR_SSL_HTTP_REQUEST' && plain?.writable === true) {
    const message = 'This port speaks TLS: use https.'
    plain.write(print(face, { status: 400, message }))
    hangUp(plain)
  } else socket.destroy()
}

/** Node's internal fields of a parsed connection; none has a public name. */
interface ParsedSocket extends Socket {
  /** The response that is being written: that of the oldest unfinished request. */
  readonly _httpMessage?: ServerResponse | null
  /** The connection below TLS. */
  readonly _parent?: Socket | null
  readonly parser?: { readonly incoming: IncomingMessage | null } | null
}

/** @param broken the request with the invalid body; undefined: no request was parsed. */
function refuse(
  socket: Socket,
  broken: IncomingMessage | undefined,
  printAnswer: () => string,
): void {
  if (!socket.writable) return
  const current = (socket as ParsedSocket)._httpMessage ?? undefined
  const isBrokenOne = current !== undefined && current.req === broken && !broken.complete
  if (current !== undefined && (!isBrokenOne || current.headersSent)) {
    current.once('close', () => refuse(socket, broken, printAnswer))
    return
  }
  // A broken request that is not waiting has been answered, by its headers alone.
  const isAnswered = current === undefined && broken?.complete === false
  if (!isAnswered) socket.write(printAnswer())
  hangUp(socket)
}

function print(face: Face, failure: Failure): string {
  const { contentType, body } = face.printFailure(failure)
  const id = newRequestId()
  const lines = [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...face.requestIdHeaders.map((name) => `${name}: ${id}`),
    'Connection: close',
    '',
    body,
  ]
  return lines.join('\r\n')
}

export function newRequestId(): string {
  return `req-${randomUUID()}`
}

function failureOf(code: string | undefined): Failure {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 400,
        message: `The request line and headers are larger than ${HEADER_BYTES_MAX} bytes.`,
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'The request was not sent in time.' }
    case 'HPE_INVALID_METHOD':
      return { status: 400, message: 'The request method is not valid.' }
    case 'HPE_INVALID_URL':
      return { status: 400, message: 'The request URL is not valid.' }
    default:
      return { status: 400, message: 'The request is not valid HTTP.' }
  }
}
