import { UsageFailure } from '../failure.ts'

/** A request that changes nothing. */
export interface ReadRequest {
  /** For the report: what the request is there for. */
  readonly name: string
  readonly group: string
  readonly method: ReadMethod
  /** The target as it goes over the wire, but for placeholders. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

export type ReadMethod = 'GET' | 'HEAD' | 'OPTIONS'

const READ_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** The request's own, which differ between any two. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'expect'])

/** What a `{placeholder}` stands for; `base` and `host` are each endpoint's own. */
export interface Placeholders {
  readonly project: string
  readonly token: string
}

export function fillPlaceholders(text: string, { project, token }: Placeholders): string {
  return text.replaceAll('{project}', project).replaceAll('{token}', token)
}

/** What a file of requests holds. */
export interface RequestFile {
  readonly requests: readonly ReadRequest[]
  /** Requests that write, have a body, or use an unknown placeholder. */
  readonly leftOut: number
}

/**
 * Reads requests from JSON lines: `method`, `path`, `headers`, and optionally `name` and `group`;
 * other keys, such as a recorded answer, are ignored.
 * @throws UsageFailure naming the line
 */
export function readRequests(text: string, file: string): RequestFile {
  const requests: ReadRequest[] = []
  let leftOut = 0
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const at = `${file}:${index + 1}`
    const request = readLine(line, at)
    if (request === undefined) leftOut += 1
    else requests.push(request)
  }
  return { requests, leftOut }
}

function readLine(line: string, at: string): ReadRequest | undefined {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new UsageFailure(`${at}: is not JSON; each line must be one request`)
  }
  const {
    method,
    path,
    headers = {},
    name = '',
    group = '',
    body,
  } = (json ?? {}) as Readonly<Record<string, unknown>>
  if (typeof method !== 'string' || typeof path !== 'string' || !path.startsWith('/')) {
    throw new UsageFailure(`${at}: needs "method", and "path" that begins with /`)
  }
  if (!isTextRecord(headers)) throw new UsageFailure(`${at}: "headers" must hold texts by name`)
  if (!READ_METHODS.includes(method) || body !== undefined) return undefined
  const own = Object.entries(headers).filter(([key]) => !OWN_HEADERS.has(key.toLowerCase()))
  if (hasUnknownPlaceholder(path) || own.some(([, value]) => hasUnknownPlaceholder(value))) {
    return undefined
  }
  return {
    name: String(name),
    group: String(group),
    method: method as ReadMethod,
    path,
    headers: Object.fromEntries(own),
  }
}

function hasUnknownPlaceholder(text: string): boolean {
  return /\{[a-z]+(:[^}]*)?\}/.test(text.replace(/\{(project|token|host)\}/g, ''))
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((item) => typeof item === 'string')
  )
}
