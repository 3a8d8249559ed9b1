import { CatalogueFault } from '../../catalogue/faults.ts'
import { cut } from '../request/said.ts'
import type { Answer } from './call.ts'

/** The codes of this face's own faults. Every other fault is sent as the Image API sends it. */
export type ImsFaultCode =
  | 'query.invalid'
  | 'query.image_type'
  | 'query.minimum'
  | 'marker.not_found'

/** The vendor's codes, from the appendix "Error Codes" of its API reference; all of them are 400. */
const CODES: Readonly<Record<ImsFaultCode, string>> = {
  'query.invalid': 'IMG.0001',
  'query.image_type': 'IMG.0024',
  'query.minimum': 'IMG.0055',
  'marker.not_found': 'IMG.0027',
}

/** Thrown by this face's own steps; the message is for the caller. */
export class ImsFault extends Error {
  override readonly name = 'ImsFault'
  readonly code: ImsFaultCode

  constructor(code: ImsFaultCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The fault that an error is to this face's callers; undefined for any other error. */
export function faultOf(error: unknown): ImsFault | undefined {
  if (error instanceof ImsFault) return error
  if (error instanceof CatalogueFault && error.code === 'marker.not_found') {
    return new ImsFault(error.code, cut(error.message))
  }
  return undefined
}

export function printFault({ code, message }: ImsFault): Answer {
  return {
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: { message, code: CODES[code] } }),
  }
}
