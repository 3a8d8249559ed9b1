import type { IncomingHttpHeaders } from 'node:http'
import { ImageFault } from './faults.ts'

/** From byte `start` up to and without byte `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** As webob/byterange.py reads them: whatever follows is not looked at. */
const RANGE = /^bytes *= *([0-9]*) *- *([0-9]*)/i
const CONTENT_RANGE = /^bytes ([0-9]+)-([0-9]+)\/(?:([0-9]+)|\*)/

/**
 * The requested part; undefined: all. Mirrors glance/common/wsgi.py (get_range_from_request), which
 * reads Content-Range in a request alike.
 * @throws ImageFault 'range.multiple', 'range.invalid'
 */
export function readRange(headers: IncomingHttpHeaders, sizeBytes: number): ByteRange | undefined {
  if (headers.range !== undefined) return parseRange(headers.range, sizeBytes)
  const asked = headers['content-range']
  return asked === undefined ? undefined : parseContentRange(asked, sizeBytes)
}

function parseRange(text: string, sizeBytes: number): ByteRange {
  if (text.includes(',')) {
    const message =
      'Requests with multiple ranges are not supported in Glance. You may make multiple ' +
      'single-range requests instead.'
    throw new ImageFault('range.multiple', message)
  }
  const [, first = '', last = ''] = RANGE.exec(text) ?? []
  if (first === '' && last === '') throw invalid('Invalid Range header.')
  // `-N` is the last N bytes, and `-0` everything.
  const start = first === '' ? fromEnd(Number(last), sizeBytes) : Number(first)
  const end = first === '' || last === '' ? Number.POSITIVE_INFINITY : Number(last) + 1
  if (start >= end) throw invalid('Invalid Range header.')
  checkStart('Range', start, sizeBytes)
  return { start, end: Math.min(end, sizeBytes) }
}

function fromEnd(bytes: number, sizeBytes: number): number {
  return bytes === 0 ? 0 : Math.max(0, sizeBytes - bytes)
}

function parseContentRange(text: string, sizeBytes: number): ByteRange {
  const [, first, last, length] = CONTENT_RANGE.exec(text) ?? []
  const start = Number(first)
  const end = Number(last) + 1
  const isRange = start < end && (length === undefined || start < Number(length))
  if (!isRange) throw invalid('Invalid Content-Range header.')
  if (end > sizeBytes && length === undefined) {
    throw invalid(
      'Invalid stop position in Content-Range header. The stop position MUST be in the ' +
        `inclusive range [0, ${sizeBytes - 1}].`,
    )
  }
  checkStart('Content-Range', start, sizeBytes)
  return { start, end: Math.min(end, sizeBytes) }
}

function checkStart(header: string, start: number, sizeBytes: number): void {
  if (start < sizeBytes) return
  throw invalid(
    `Invalid start position in ${header} header. Start position MUST be in the inclusive ` +
      `range [0, ${sizeBytes - 1}].`,
  )
}

function invalid(message: string): ImageFault {
  return new ImageFault('range.invalid', message)
}
