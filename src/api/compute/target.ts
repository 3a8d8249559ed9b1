/** A request target taken apart: decoded path segments, and the query as it was sent. */
export interface Target {
  readonly segments: readonly string[]
  /** The path ends in a slash (and is not the root alone). */
  readonly endsInSlash: boolean
  readonly query: string
}

const ORIGIN = /^[a-z]+:\/\/[^/?#]*/i
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a request target as uWSGI hands it to Nova: the path is decoded first and then normalised,
 * so doubled slashes, `/./`, `/../` and `%2F` mean there what they mean here.
 * @returns undefined for a path that is not one: a `%` without two hex digits, or bad UTF-8.
 */
export function readTarget(url: string): Target | undefined {
  const target = url.startsWith('/') ? url : url.replace(ORIGIN, '')
  const mark = target.indexOf('?')
  const rawPath = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  const path = decodePath(rawPath)
  if (path === undefined || (path !== '' && !path.startsWith('/'))) return undefined
  const parts = path.split('/')
  const segments: string[] = []
  for (const part of parts) {
    if (part === '..') segments.pop()
    else if (part !== '' && part !== '.') segments.push(part)
  }
  return { segments, endsInSlash: segments.length > 0 && path.endsWith('/'), query }
}

function decodePath(raw: string): string | undefined {
  if (BAD_ESCAPE.test(raw)) return undefined
  return decodeBytes(raw)
}

/**
 * Reads one name or value of a query: `+` is a space, a `%` without two hex digits is itself (as
 * webob has it). @returns undefined for bad UTF-8.
 */
export function decodeQueryPart(raw: string): string | undefined {
  return decodeBytes(raw.includes('+') ? raw.replaceAll('+', ' ') : raw)
}

const PLAIN = /^[\x20-\x24\x26-\x7e]*$/ // printable ASCII without the percent sign

/** Node gives the request line as Latin-1, a character a byte. */
function decodeBytes(raw: string): string | undefined {
  if (PLAIN.test(raw)) return raw
  const bytes = Buffer.from(
    raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
