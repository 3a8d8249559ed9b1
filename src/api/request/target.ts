/** A parsed request target: decoded path segments, and the raw query. */
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
 * Reads a request target as uWSGI hands it to Nova: doubled slashes, `/./` and `/../` are gone, a
 * fragment is dropped, and then the path is decoded, so that `%2F` separates segments.
 * @returns undefined for an invalid path: a `%` without two hex digits, or bad UTF-8.
 */
export function readTarget(url: string): Target | undefined {
  const [target = ''] = (url.startsWith('/') ? url : url.replace(ORIGIN, '')).split('#', 1)
  const mark = target.indexOf('?')
  const rawPath = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (rawPath !== '' && !rawPath.startsWith('/')) return undefined
  const path = decodePath(normalise(rawPath))
  if (path === undefined) return undefined
  const segments = path.split('/').filter((segment) => segment !== '')
  return { segments, endsInSlash: segments.length > 0 && path.endsWith('/'), query }
}

const DOTS = /\/\.{1,2}(?:\/|$)/

/** Removes dot segments; a final one leaves its slash, so that it never names the parent (RFC 3986, 5.2.4). */
function normalise(rawPath: string): string {
  if (!DOTS.test(rawPath)) return rawPath
  const parts = rawPath.split('/').slice(1)
  const kept: string[] = []
  for (const part of parts) {
    if (part === '..') kept.pop()
    else if (part !== '.') kept.push(part)
  }
  const last = parts.at(-1)
  if (last === '.' || last === '..') kept.push('')
  return `/${kept.join('/')}`
}

function decodePath(raw: string): string | undefined {
  if (BAD_ESCAPE.test(raw)) return undefined
  return decodeBytes(raw)
}

/**
 * Reads one name or value of a query: `+` is a space, a `%` without two hex digits stays (as in
 * webob). @returns undefined for bad UTF-8.
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
