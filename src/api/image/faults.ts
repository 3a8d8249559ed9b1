import { STATUS_CODES } from 'node:http'
import { CatalogueFault, type CatalogueFaultCode } from '../../catalogue/faults.ts'
import { IdentityUnavailable } from '../../identity/identity.ts'
import { ImageDataFault, type ImageDataFaultCode } from '../../image-data/faults.ts'
import type { Failure } from '../face/face.ts'
import { cut } from '../request/said.ts'
import type { Answer } from './call.ts'

/** Everything this face refuses, by code. A status is chosen here and nowhere else. */
export type ImageFaultCode =
  | CatalogueFaultCode
  | ImageDataFaultCode
  | 'request.malformed'
  | 'request.host'
  /** No token, or not a good one. */
  | 'caller.unknown'
  | 'body.refused'
  | 'body.invalid'
  | 'body.media_type'
  /** A value that a field does not take. */
  | 'field.invalid'
  /** A field that is not the caller's to set. */
  | 'field.forbidden'
  /** A property that is there already, or is not. */
  | 'field.conflict'
  | 'limit.exceeded'
  /** The caller's role or project is not the one that may. */
  | 'caller.forbidden'
  /** The image's own state does not allow it. */
  | 'state.forbidden'
  | 'member.not_found'
  | 'member.exists'
  | 'tag.not_found'
  | 'stores.not_found'
  | 'range.invalid'
  | 'range.multiple'
  /** The image was deleted while its data came. */
  | 'data.gone'
  /** The data is not of the declared format. */
  | 'data.format'
  | 'query.invalid'
  | 'query.not_served'
  | 'route.not_found'
  | 'route.method'
  | 'route.left_out'
  | 'operation.not_served'
  | 'identity.unavailable'

const STATUSES: Readonly<Record<ImageFaultCode, number>> = {
  'request.malformed': 400,
  'request.host': 400,
  'caller.unknown': 401,
  'body.refused': 400,
  'body.invalid': 400,
  'body.media_type': 415,
  'field.invalid': 400,
  'field.forbidden': 403,
  'field.conflict': 409,
  'limit.exceeded': 413,
  'caller.forbidden': 403,
  'state.forbidden': 403,
  'member.not_found': 404,
  'member.exists': 409,
  'tag.not_found': 404,
  'stores.not_found': 404,
  'range.invalid': 416,
  'range.multiple': 400,
  'data.gone': 410,
  'data.format': 415,
  'data.claimed': 409,
  'data.too_many': 503,
  'data.too_large': 413,
  'data.no_space': 413,
  'data.read_only': 503,
  'data.unwritable': 503,
  'query.invalid': 400,
  'query.not_served': 400,
  'route.not_found': 404,
  'route.method': 405,
  'route.left_out': 501,
  'operation.not_served': 501,
  'identity.unavailable': 503,
  'image.not_found': 404,
  'image.not_writable': 403,
  'image.protected': 403,
  'marker.not_found': 400,
  'property.limit_exceeded': 413,
  'property.unstorable': 400,
  'image.conflict': 409,
  'image.exists': 409,
  'catalogue.busy': 503,
  'catalogue.unwritable': 503,
  'token.refused': 401,
  'upstream.forbidden': 403,
  'upstream.throttled': 429,
  'upstream.unavailable': 503,
  'upstream.invalid': 502,
  'upstream.timeout': 504,
}

/** Seconds for a Retry-After header. */
const RETRY_AFTER_S: Readonly<Partial<Record<ImageFaultCode, number>>> = {
  'identity.unavailable': 5,
  'catalogue.busy': 1,
  'catalogue.unwritable': 30,
  'data.too_many': 30,
  'data.read_only': 30,
  'data.unwritable': 30,
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

const JSON_TYPE = 'application/json'
const ASKS_FOR_JSON = /\bapplication\/(?:[\w.+-]*json|\*)/i

/** @param accept the request's own header: glanceclient fails on JSON that it did not ask for. */
export function printFault(fault: ImageFault, accept: string | undefined): Answer {
  const status = STATUSES[fault.code]
  const retryAfterS = RETRY_AFTER_S[fault.code]
  const retry = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  const { contentType, body } = ASKS_FOR_JSON.test(accept ?? '')
    ? printJson(status, fault.message)
    : printText(status, fault.message)
  return { status, headers: { 'content-type': contentType, ...retry, ...fault.headers }, body }
}

/** For failures before a request can be read, so `Accept` is unknown; they are always JSON. */
export function printFailure({ status, message }: Failure): PrintedBody {
  return printJson(status, message)
}

interface PrintedBody {
  readonly contentType: string
  readonly body: string
}

/**
 * Glance's shape, `{"message": "...", "code": "404 Not Found", "title": "Not Found"}`; the message
 * is plain text. Mirrors webob/exc.py (WSGIHTTPException.json_body).
 */
function printJson(status: number, message: string): PrintedBody {
  const title = titleOf(status)
  const body = JSON.stringify({ message, code: `${status} ${title}`, title })
  return { contentType: JSON_TYPE, body }
}

/** Mirrors webob/exc.py (WSGIHTTPException.plain_body); there is no HTML form. */
function printText(status: number, message: string): PrintedBody {
  const body = `${status} ${titleOf(status)}\n\n${message}\n`
  return { contentType: 'text/plain; charset=UTF-8', body }
}

/** Where webob/exc.py has another title than Node. */
const TITLES: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  416: 'Request Range Not Satisfiable',
}

function titleOf(status: number): string {
  return TITLES[status] ?? STATUS_CODES[status] ?? 'Error'
}

/** The fault that this face sends for an error; undefined for an unexpected error. */
export function faultOf(error: unknown): ImageFault | undefined {
  if (error instanceof ImageFault) return error
  if (error instanceof CatalogueFault) return new ImageFault(error.code, cut(error.message))
  if (error instanceof ImageDataFault) return new ImageFault(error.code, cut(error.message))
  if (error instanceof IdentityUnavailable) {
    return new ImageFault(
      'identity.unavailable',
      'The identity service could not check the token; try again later.',
    )
  }
  return undefined
}
