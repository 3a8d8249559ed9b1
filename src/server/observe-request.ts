import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Face } from '../api/face/face.ts'
import type { Asked } from '../api/request/asked.ts'
import type { EndedRequest, PortMeter } from '../metrics/request-metrics.ts'
import type { Tracer } from '../tracing/trace.ts'
import type { RequestLog } from './request-log.ts'
import { beginTrace, requestEnd } from './trace-request.ts'

/** What each connection had sent when an answer on it last ended. */
const countedBytes = new WeakMap<Socket, number>()

/** What is told of each request. */
export interface Observers {
  /** Counts the requests that Node's parser takes. */
  readonly meter?: PortMeter | undefined
  readonly requestLog?: RequestLog | undefined
  readonly tracer?: Tracer | undefined
}

/** Tells of a request when it begins, and when its answer has ended. @param operationOf asked then */
export function observeRequest(
  { meter, requestLog, tracer }: Observers,
  face: Face,
  request: Asked,
  response: ServerResponse,
  operationOf: () => string,
): void {
  const told = requestLog?.isOn === true ? requestLog : undefined
  const span = tracer && beginTrace(tracer, request)
  if (meter === undefined && told === undefined && span?.end === undefined) return
  meter?.began()
  told?.began(request)
  onceEnded(request, response, operationOf, (ended) => {
    meter?.ended(ended)
    const api = face.apiOf?.(ended.operation) ?? face.name
    told?.ended(api, request, ended)
    span?.end?.(requestEnd(api, face, request, ended))
  })
}

function onceEnded(
  { raw, headers }: Asked,
  response: ServerResponse,
  operationOf: () => string,
  tell: (ended: EndedRequest) => void,
): void {
  const startMs = performance.now()
  // A response has none while it waits behind another, and none again when it has ended.
  const { socket } = raw
  response.once('close', () => {
    const bytes = socket.bytesWritten
    tell({
      operation: operationOf(),
      status: response.headersSent ? response.statusCode : 'gone',
      userAgent: headers['user-agent'],
      durationMs: performance.now() - startMs,
      sentBytes: bytes - (countedBytes.get(socket) ?? 0),
    })
    countedBytes.set(socket, bytes)
  })
}
