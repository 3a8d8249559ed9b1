import type { FastifyInstance } from 'fastify'
import { readTrace } from '../../tracing/read-trace.ts'
import type { Trace } from '../../tracing/trace.ts'
import type { Asked } from './asked.ts'

const TRACE = Symbol('trace')

interface Traced {
  [TRACE]?: Trace | undefined
}

/** Makes room in each request of a server for its place in a trace, so that all requests keep one shape. */
export function makeRoomForTrace(app: FastifyInstance): void {
  app.decorateRequest(TRACE, undefined)
}

/** Remembers the place in a trace that a request has got here. */
export function rememberTrace(request: Asked & Traced, trace: Trace): void {
  request[TRACE] = trace
}

/** The place in a trace under which other services work for a request; by default the caller's own. */
export function passedOnTrace(request: Asked & Traced): Trace | undefined {
  return request[TRACE] ?? readTrace(request.headers)
}
