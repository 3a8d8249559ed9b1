import { readTrace } from '../../tracing/read-trace.ts'
import type { Trace } from '../../tracing/trace.ts'
import type { Asked } from './asked.ts'

const traces = new WeakMap<Asked, Trace>()

/** Remembers the place in a trace that a request has got here. */
export function rememberTrace(request: Asked, trace: Trace): void {
  traces.set(request, trace)
}

/** The place in a trace under which other services work for a request; by default the caller's own. */
export function passedOnTrace(request: Asked): Trace | undefined {
  return traces.get(request) ?? readTrace(request.headers)
}
