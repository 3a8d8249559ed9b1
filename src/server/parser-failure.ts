import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Face, Failure } from '../api/face.ts'
import { HEADER_BYTES_MAX } from './limits.ts'

/**
 * Answers what Node's HTTP parser refused, before there is a request: in the face's own shape, with
 * a request id, and the connection closed, since where the next request begins is unknown.
 */
export function answerParserError(
  face: Face,
  error: Error & { code?: string },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  // A response may be half written on this connection; nothing may be added to it.
  if (socket.bytesWritten > 0 && hasResponseUnderWay(socket)) {
    socket.destroy()
    return
  }
  const failure = failureOf(error.code)
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
  socket.end(lines.join('\r\n'))
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

/** Node keeps the response that a socket is carrying in `_httpMessage`; there is no public name. */
function hasResponseUnderWay(socket: Socket): boolean {
  const message = (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })
    ._httpMessage
  return message?.headersSent === true
}
