import { STATUS_CODES } from 'node:http'
import { CatalogueFault, type CatalogueFaultCode } from '../../catalogue/faults.ts'
import { IdentityUnavailable } from '../../identity/identity.ts'
import type { Failure } from '../face.ts'
import type { Answer } from './call.ts'

/** Everything this face refuses, by code. A status is chosen here and nowhere else. */
export type ImageFaultCode =
  | CatalogueFaultCode
  | 'request.malformed'
  | 'request.host'
  | 'query.invalid'
  | 'query.not_served'
  | 'route.not_found'
  | 'route.method'
  | 'identity.unavailable'

const STATUSES: Readonly<Record<ImageFaultCode, number>> = {
  'request.malformed': 400,
  'request.host': 400,
  'query.invalid': 400,
  'query.not_served': 400,
  'route.not_found': 404,
  'route.method': 405,
  'identity.unavailable': 503,
  'image.not_found': 404,
  'image.not_writable': 403,
  'image.protected': 403,
  'marker.not_found': 400,
  'property.limit_exceeded': 413,
  'property.unstorable': 400,
  'catalogue.busy': 503,
}

/** Seconds for a Retry-After header. */
const RETRY_AFTER_S: Readonly<Partial<Record<ImageFaultCode, number>>> = {
  'identity.unavailable': 5,
  'catalogue.busy': 1,
}

/** Thrown by this face's own steps; the message is for the caller. */
export class ImageFault extends Error {
  override readonly name = 'ImageFault'
  readonly code: ImageFaultCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ImageFaultCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.code = code
    this.headers = headers
  }
}

export const FAULT_CONTENT_TYPE = 'application/json'

export function printFault(fault: ImageFault): Answer {
  const status = STATUSES[fault.code]
  const retryAfterS = RETRY_AFTER_S[fault.code]
  const retry = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return {
    status,
    headers: { 'content-type': FAULT_CONTENT_TYPE, ...retry, ...fault.headers },
    body: faultBody({ status, message: fault.message }),
  }
}

/**
 * Glance's shape, `{"message": "...", "code": "404 Not Found", "title": "Not Found"}`; the message
 * is plain text. Mirrors webob/exc.py (WSGIHTTPException.generate_response), its JSON form.
 */
export function faultBody({
  status,
  message,
}: Pick<Failure, 'message'> & { status: number }): string {
  const title = STATUS_CODES[status] ?? 'Error'
  return JSON.stringify({ message, code: `${status} ${title}`, title })
}

/** The fault that an error is to this face's callers; undefined for one that is nobody's doing. */
export function faultOf(error: unknown): ImageFault | undefined {
  if (error instanceof ImageFault) return error
  if (error instanceof CatalogueFault) return new ImageFault(error.code, error.message)
  if (error instanceof IdentityUnavailable) {
    return new ImageFault(
      'identity.unavailable',
      'The identity service could not check the token; try again later.',
    )
  }
  return undefined
}
