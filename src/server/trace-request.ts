import type { Face } from '../api/face/face.ts'
import type { Asked } from '../api/request/asked.ts'
import { rememberTrace } from '../api/request/known-trace.ts'
import { passedOnRequestId } from '../api/request/request-id.ts'
import type { EndedRequest } from '../metrics/request-metrics.ts'
import { readTrace } from '../tracing/read-trace.ts'
import type { RequestSpan, SpanEnd, Tracer } from '../tracing/trace.ts'
import { isHealthcheck } from './health.ts'
import { isReadinessCall } from './readiness.ts'
import { shownPath } from './shown-path.ts'

/** Begins the span of a request; undefined for the probes of balancers, which would only be noise. */
export function beginTrace(tracer: Tracer, request: Asked): RequestSpan | undefined {
  if (isHealthcheck(request) || isReadinessCall(request)) return undefined
  const span = tracer.begin(readTrace(request.headers))
  rememberTrace(request, span.trace)
  return span
}

/** How the span of a request ends, in the words of OpenTelemetry's conventions for HTTP servers. */
export function requestEnd(
  api: string,
  face: Face,
  request: Asked,
  { operation, status }: Pick<EndedRequest, 'operation' | 'status'>,
): SpanEnd {
  const isFailed = status === 'gone' || status >= 500
  return {
    name: `${request.method} ${operation}`,
    attributes: {
      'http.request.method': request.method,
      'http.response.status_code': status === 'gone' ? undefined : status,
      'http.route': face.routeOf?.(operation),
      'url.path': shownPath(request.originalUrl),
      'url.scheme': 'http',
      'error.type': isFailed ? String(status) : undefined,
      'openstack.request_id': request.id,
      'openstack.global_request_id': passedOnRequestId(request),
      'afterimage.face': api,
      'afterimage.operation': operation,
    },
    isFailed,
  }
}
