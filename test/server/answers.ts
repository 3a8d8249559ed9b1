import { decoded } from './compression/ask.ts'

/** Parses answers by hand, to find faults that a client would tolerate. */

export interface Answer {
  readonly status: number
  /** Lower-case names; a repeated header's values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** Decoded, if it has a Content-Encoding; empty while it is not whole then. */
  readonly body: string
  /** Whether the body ended where its framing says that it ends; false where it says nothing. */
  readonly isComplete: boolean
}

/** One answer, and what came behind it. */
export interface Parsed {
  readonly answer: Answer
  readonly rest: string
}

/**
 * The first answer in what came over a connection (Latin-1: a character a byte), interim ones
 * apart.
 * @param isHead its method was HEAD, so that it has no body.
 * @returns undefined while its headers are not whole.
 */
export function parseAnswer(text: string, isHead: boolean): Parsed | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  const rest = text.slice(end + 4)
  const headers = readHeaders(lines)
  const isEmpty = isHead || status === 204 || status < 200
  const { body, isComplete, after } = readBody(rest, headers, isEmpty)
  return { answer: { status, headers, body, isComplete }, rest: after }
}

/** All answers; how many `100 Continue` came among them. */
export function parseAnswers(
  text: string,
  isHead: boolean,
): { readonly answers: readonly Answer[]; readonly continues: number } {
  const all: Answer[] = []
  let parsed = parseAnswer(text, isHead)
  while (parsed !== undefined) {
    all.push(parsed.answer)
    parsed = parseAnswer(parsed.rest, isHead)
  }
  const answers = all.filter((answer) => answer.status !== 100)
  return { answers, continues: all.length - answers.length }
}

function readHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return headers
}

interface Body {
  readonly body: string
  readonly isComplete: boolean
  readonly after: string
}

function readBody(
  rest: string,
  headers: ReadonlyMap<string, readonly string[]>,
  isEmpty: boolean,
): Body {
  if (isEmpty) return { body: '', isComplete: true, after: rest }
  const { body, isComplete, after } = readFramed(rest, headers)
  const bytes = Buffer.from(body, 'latin1')
  const coding = headers.get('content-encoding')?.[0]
  if (coding === undefined) return { body: bytes.toString('utf8'), isComplete, after }
  if (!isComplete) return { body: '', isComplete, after }
  try {
    const plain = decoded({ headers: { 'content-encoding': coding }, bytes })
    return { body: plain.toString('utf8'), isComplete, after }
  } catch {
    return { body: '', isComplete: false, after }
  }
}

/** The body as it came, in Latin-1. */
function readFramed(rest: string, headers: ReadonlyMap<string, readonly string[]>): Body {
  if (headers.get('transfer-encoding')?.[0] === 'chunked') return readChunks(rest)
  const given = headers.get('content-length')?.[0]
  // Framed by the end of the connection alone: there is no telling whether it is whole.
  const length = given === undefined ? Number.POSITIVE_INFINITY : Number(given)
  const body = rest.slice(0, length)
  return { body, isComplete: body.length === length, after: rest.slice(length) }
}

function readChunks(from: string): Body {
  const parts: string[] = []
  let at = 0
  const finish = (isComplete: boolean) => ({
    body: parts.join(''),
    isComplete,
    after: from.slice(at),
  })
  for (;;) {
    const end = from.indexOf('\r\n', at)
    if (end === -1) return finish(false)
    const size = Number.parseInt(from.slice(at, end), 16)
    if (size === 0) {
      at = end + 4
      return finish(from.slice(end, end + 4) === '\r\n\r\n')
    }
    parts.push(from.slice(end + 2, end + 2 + size))
    at = end + 2 + size + 2
    if (at > from.length) return finish(false)
  }
}
