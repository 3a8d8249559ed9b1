import type { IncomingHttpHeaders } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Incoming } from './call.ts'
import { ImageFault } from './faults.ts'

const METHODS_WITH_CHUNKS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Whether a request says that it has a body. Mirrors glance/common/wsgi.py (has_body). */
export function hasBody(method: string, headers: IncomingHttpHeaders): boolean {
  const isChunked = headers['transfer-encoding'] !== undefined && METHODS_WITH_CHUNKS.has(method)
  return isChunked || Number(headers['content-length'] ?? 0) > 0
}

/** A JSON object or list as it was parsed. */
export type JsonBody = Readonly<Record<string, unknown>> | readonly unknown[]

/** Depth of lists and objects; no accepted body has more than 4. */
const NESTING_DEPTH_MAX = 32
/** All values in it together: ten times what the largest image has. To parse more holds others up. */
const VALUES_MAX = 10_000
/** A body above this is looked at, decoded and parsed in turns of the event loop of their own. */
const BYTES_IN_ONE_TURN = 256 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The body as JSON. Mirrors glance/common/wsgi.py (JSONRequestDeserializer).
 * @throws ImageFault 'body.invalid', 'limit.exceeded'
 */
export async function readJson({ body }: Incoming): Promise<JsonBody> {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new ImageFault('body.invalid', 'Body expected in request.')
  }
  const isLarge = body.length > BYTES_IN_ONE_TURN
  checkExtent(body)
  if (isLarge) await nextTurn()
  const text = orMalformed(() => utf8.decode(body))
  if (isLarge) await nextTurn()
  const json = orMalformed<unknown>(() => JSON.parse(text))
  if (isLarge) await nextTurn()
  if (typeof json !== 'object' || json === null) {
    throw new ImageFault('body.invalid', 'Unexpected body type. Expected list/dict.')
  }
  return json as JsonBody
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const COMMA = 0x2c
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d]
const [OPEN_OBJECT, CLOSE_OBJECT] = [0x7b, 0x7d]

/**
 * Looked at before it is parsed: what is deep takes seconds, or the stack, to print in a message, and
 * many values take long to make.
 */
function checkExtent(json: Uint8Array): void {
  let depth = 0
  let values = 1
  let isText = false
  for (let i = 0; i < json.length; i += 1) {
    const byte = json[i]
    if (byte === QUOTE) isText = !isText
    else if (isText) i += byte === BACKSLASH ? 1 : 0
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1
    else if (byte === COMMA) values += 1
    if (depth > NESTING_DEPTH_MAX) {
      const message = `The JSON is nested deeper than ${NESTING_DEPTH_MAX} lists and objects.`
      throw new ImageFault('body.invalid', message)
    }
    if (values > VALUES_MAX) {
      throw new ImageFault('limit.exceeded', `The JSON has more than ${VALUES_MAX} values.`)
    }
  }
}

function orMalformed<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new ImageFault('body.invalid', 'Malformed JSON in request body.')
  }
}

/** A field of a JSON object, and nothing that its prototype brings. */
export function fieldOf(json: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(json, name) ? json[name] : undefined
}

export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
