import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { PortMeter } from '../metrics/request-metrics.ts'

/** What each connection had sent when an answer on it was last counted. */
const countedBytes = new WeakMap<Socket, number>()

/** Counts a request once its answer has ended, if it is to be counted. @param operationOf asked then */
export function countRequest(
  meter: PortMeter | undefined,
  { raw }: FastifyRequest,
  response: ServerResponse,
  operationOf: () => string,
): void {
  if (meter === undefined) return
  const startMs = performance.now()
  // A response has none while it waits behind another, and none again when it has ended.
  const { socket } = raw
  meter.began()
  response.once('close', () => {
    const bytes = socket.bytesWritten
    meter.ended({
      operation: operationOf(),
      status: response.headersSent ? response.statusCode : 'gone',
      userAgent: raw.headers['user-agent'],
      durationMs: performance.now() - startMs,
      sentBytes: bytes - (countedBytes.get(socket) ?? 0),
    })
    countedBytes.set(socket, bytes)
  })
}
