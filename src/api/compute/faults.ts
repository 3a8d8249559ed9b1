import { CatalogueFault, type CatalogueFaultCode } from '../../catalogue/faults.ts'
import { type IdentityTrouble, IdentityUnavailable } from '../../identity/identity.ts'
import { CallerThrottled } from '../request/caller-limits.ts'
import { cut } from '../request/said.ts'

/** Everything this face refuses, by code. A status is chosen here and nowhere else. */
export type ComputeFaultCode =
  | CatalogueFaultCode
  | 'request.malformed'
  | 'request.host'
  | 'request.too_large'
  | 'request.too_slow'
  | 'body.media_type'
  | 'body.invalid'
  | 'query.invalid'
  | 'route.not_found'
  | 'route.method'
  | 'version.malformed'
  | 'version.unsupported'
  | 'version.gone'
  | 'api.gone'
  | 'project.mismatch'
  | 'role.reader'
  | 'role.not_admin'
  | 'metadata.reserved'
  | 'metadata.key_not_found'
  | `identity.${IdentityTrouble}`
  | 'caller.throttled'
  | 'server.busy'
  | 'server.unexpected'

interface Shape {
  readonly status: number
  /** The one key of the body. */
  readonly name: string
  /** Seconds for a Retry-After header. */
  readonly retryAfterS?: number
}

/** Names and statuses mirror nova/api/openstack/wsgi.py (Fault._fault_names). */
const SHAPES: Readonly<Record<ComputeFaultCode, Shape>> = {
  'request.malformed': { status: 400, name: 'badRequest' },
  'request.host': { status: 400, name: 'badRequest' },
  'request.too_large': { status: 413, name: 'overLimit' },
  'request.too_slow': { status: 408, name: 'computeFault' },
  'body.media_type': { status: 415, name: 'badMediaType' },
  'body.invalid': { status: 400, name: 'badRequest' },
  'query.invalid': { status: 400, name: 'badRequest' },
  'route.not_found': { status: 404, name: 'itemNotFound' },
  'route.method': { status: 405, name: 'badMethod' },
  'version.malformed': { status: 400, name: 'badRequest' },
  'version.unsupported': { status: 406, name: 'computeFault' },
  'version.gone': { status: 404, name: 'itemNotFound' },
  'api.gone': { status: 410, name: 'itemNotFound' },
  'project.mismatch': { status: 400, name: 'badRequest' },
  'role.reader': { status: 403, name: 'forbidden' },
  'role.not_admin': { status: 403, name: 'forbidden' },
  'metadata.reserved': { status: 403, name: 'forbidden' },
  'metadata.key_not_found': { status: 404, name: 'itemNotFound' },
  'identity.unavailable': { status: 503, name: 'serviceUnavailable', retryAfterS: 5 },
  'identity.invalid': { status: 502, name: 'badGateway' },
  'identity.timeout': { status: 504, name: 'gatewayTimeout' },
  'image.not_found': { status: 404, name: 'itemNotFound' },
  'image.not_writable': { status: 403, name: 'forbidden' },
  'image.protected': { status: 403, name: 'forbidden' },
  'marker.not_found': { status: 400, name: 'badRequest' },
  'property.limit_exceeded': { status: 403, name: 'forbidden' },
  'property.unstorable': { status: 400, name: 'badRequest' },
  'image.conflict': { status: 409, name: 'conflictingRequest' },
  'image.exists': { status: 409, name: 'conflictingRequest' },
  'catalogue.busy': { status: 503, name: 'serviceUnavailable', retryAfterS: 1 },
  'catalogue.unwritable': { status: 503, name: 'serviceUnavailable', retryAfterS: 30 },
  'token.refused': { status: 401, name: 'unauthorized' },
  'upstream.forbidden': { status: 403, name: 'forbidden' },
  'upstream.throttled': { status: 429, name: 'overLimit', retryAfterS: 5 },
  'upstream.unavailable': { status: 503, name: 'serviceUnavailable', retryAfterS: 5 },
  'upstream.invalid': { status: 502, name: 'badGateway' },
  'upstream.timeout': { status: 504, name: 'gatewayTimeout' },
  'caller.throttled': { status: 429, name: 'overLimit' },
  'server.busy': { status: 503, name: 'serviceUnavailable' },
  'server.unexpected': { status: 500, name: 'computeFault' },
}

/** Thrown by this face's own steps; the message is for the caller. */
export class ComputeFault extends Error {
  override readonly name = 'ComputeFault'
  readonly code: ComputeFaultCode
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ComputeFaultCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.code = code
    this.headers = headers
  }
}

/** A fault ready to be sent. */
export interface PrintedFault {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const FAULT_CONTENT_TYPE = 'application/json; charset=UTF-8'

/**
 * Prints a fault in Nova's shape: `{"itemNotFound": {"code": 404, "message": "..."}}`; an `overLimit` of
 * 429 says when to try again, too. Mirrors nova/api/openstack/wsgi.py (Fault.__call__).
 */
export function printFault(fault: ComputeFault): PrintedFault {
  const { status, name, retryAfterS } = SHAPES[fault.code]
  const headers: Readonly<Record<string, string>> = {
    'content-type': FAULT_CONTENT_TYPE,
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    ...fault.headers,
  }
  const retryAfter = status === 429 ? headers['retry-after'] : undefined
  const body = { code: status, message: fault.message, ...(retryAfter && { retryAfter }) }
  return { status, headers, body: JSON.stringify({ [name]: body }) }
}

/** The fault that this face sends for an error; undefined for an unexpected error. */
export function faultOf(error: unknown): ComputeFault | undefined {
  if (error instanceof ComputeFault) return error
  if (error instanceof CatalogueFault) {
    return new ComputeFault(error.code, cut(error.message), retryAfter(error))
  }
  if (error instanceof CallerThrottled) {
    return new ComputeFault('caller.throttled', error.message, retryAfter(error))
  }
  if (error instanceof IdentityUnavailable) {
    const { kind } = error
    return new ComputeFault(`identity.${kind}`, IDENTITY_MESSAGES[kind], retryAfter(error))
  }
  return undefined
}

/** The first is keystonemiddleware's own (keystonemiddleware/auth_token/__init__.py). */
const IDENTITY_MESSAGES: Readonly<Record<IdentityTrouble, string>> = {
  unavailable: 'The Keystone service is temporarily unavailable.',
  invalid: 'The Keystone service gave an answer that cannot be understood.',
  timeout: 'The Keystone service did not answer in time.',
}

function retryAfter({ retryAfterS }: { readonly retryAfterS: number | undefined }) {
  return retryAfterS === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterS)) }
}
