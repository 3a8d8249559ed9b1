import { UpstreamFault, type UpstreamFaultCode } from '../../upstream/fault.ts'
import type { JsonAnswer } from '../../upstream/upstream.ts'
import { CatalogueFault, type CatalogueFaultCode } from '../faults.ts'

/** What Glance was asked to do. */
export type Operation = 'list' | 'get' | 'change' | 'delete'

type Row = Partial<Record<Operation, CatalogueFaultCode>> & { readonly else: CatalogueFaultCode }

/** What each status means, by what was asked. Every status that is not here: `OTHER`. */
const BY_STATUS: Readonly<Record<number, Row>> = {
  400: { change: 'property.unstorable', get: 'image.not_found', else: 'upstream.invalid' },
  401: { else: 'token.refused' },
  403: { list: 'upstream.forbidden', get: 'image.not_found', else: 'image.not_writable' },
  404: { list: 'upstream.invalid', else: 'image.not_found' },
  408: { else: 'upstream.timeout' },
  409: { change: 'image.conflict', delete: 'image.conflict', else: 'upstream.invalid' },
  413: { change: 'property.limit_exceeded', else: 'upstream.invalid' },
  429: { else: 'upstream.throttled' },
  500: { else: 'upstream.unavailable' },
  502: { else: 'upstream.unavailable' },
  503: { else: 'upstream.unavailable' },
  504: { else: 'upstream.timeout' },
}
const OTHER: CatalogueFaultCode = 'upstream.invalid'

const BY_UPSTREAM_FAULT: Readonly<Record<UpstreamFaultCode, CatalogueFaultCode>> = {
  unreachable: 'upstream.unavailable',
  overloaded: 'upstream.unavailable',
  timeout: 'upstream.timeout',
  invalid: 'upstream.invalid',
  too_large: 'upstream.invalid',
  aborted: 'upstream.unavailable',
}

const MESSAGES: Partial<Record<CatalogueFaultCode, string>> = {
  'image.not_found': 'Image not found.',
  'marker.not_found': 'The marker is no image.',
  'image.conflict': 'The image is in use, or is being changed by somebody else.',
  'property.limit_exceeded': 'Image metadata limit exceeded',
  'property.unstorable': 'The image service cannot hold this metadata.',
  'token.refused': 'The image service refuses the token.',
  'upstream.forbidden': 'The image service does not allow this.',
  'upstream.throttled': 'The image service wants fewer requests. Try again later.',
  'upstream.unavailable': 'The image service is unavailable. Try again later.',
  'upstream.timeout': 'The image service did not answer in time.',
  'upstream.invalid': 'The image service gave an answer that cannot be used.',
}

/** @param id the image, where one was asked for */
export function faultOfAnswer(operation: Operation, answer: JsonAnswer, id = ''): CatalogueFault {
  const row = BY_STATUS[answer.status]
  const code = row === undefined ? OTHER : (row[operation] ?? row.else)
  return glanceFault(
    code,
    `Glance answered ${answer.status} to ${operation}`,
    id,
    answer.retryAfterS,
  )
}

/** What was thrown while Glance was asked, as a fault of the catalogue where it is one. */
export function faultOfError(error: unknown): unknown {
  if (!(error instanceof UpstreamFault)) return error
  const detail = error.detail === undefined ? error.message : `${error.message} (${error.detail})`
  return glanceFault(BY_UPSTREAM_FAULT[error.code], detail, '', error.retryAfterS)
}

export function glanceFault(
  code: CatalogueFaultCode,
  detail?: string,
  id = '',
  retryAfterS?: number,
): CatalogueFault {
  const message =
    code === 'image.not_writable' ? `Not authorized for image ${id}.` : (MESSAGES[code] ?? code)
  return new CatalogueFault(code, message, detail, retryAfterS)
}
