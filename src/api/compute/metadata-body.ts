import { cut } from '../request/said.ts'
import { ComputeFault } from './faults.ts'
import type { Prefix } from './versions.ts'

/**
 * Reads the bodies of metadata writes. Mirrors nova/api/openstack/compute/schemas/
 * image_metadata.py and nova/api/validation/parameter_types.py (metadata); the messages are those
 * of jsonschema as Nova prints them, with values in JSON where Nova prints Python.
 */

const KEY = /^[a-zA-Z0-9-_:. ]{1,255}$/
const KEY_PATTERN = '^[a-zA-Z0-9-_:. ]{1,255}$'
const VALUE_CHARACTERS_MAX = 255
/** Content types that Nova's wsgi layer refuses; it reads unknown ones as JSON. */
const REFUSED_TYPES: ReadonlySet<string> = new Set([
  'application/xml',
  'text/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
])

/**
 * Refuses content types that are not JSON, with or without a body. Mirrors
 * nova/api/openstack/wsgi.py (Request.get_content_type). @throws ComputeFault
 */
export function checkContentType(header: string | undefined): void {
  const type = header?.split(';')[0]?.trim().toLowerCase()
  if (type !== undefined && REFUSED_TYPES.has(type)) {
    throw new ComputeFault('body.media_type', 'Unsupported Content-Type')
  }
}

/** Reads `{"metadata": {KEY: VALUE, ...}}`. @throws ComputeFault 'body.invalid' */
export function readMetadata(body: unknown, prefix: Prefix): Map<string, string> {
  return readItems(parseBody(body), 'metadata', prefix)
}

/** Reads `{"meta": {KEY: VALUE}}`, where KEY must be the one in the URL. @throws ComputeFault 'body.invalid' */
export function readMetadataItem(body: unknown, key: string, prefix: Prefix): string {
  const items = readItems(parseBody(body), 'meta', prefix)
  const given = Object.fromEntries(items)
  if (items.size === 0) refuseField('meta', given, 'does not have enough properties')
  if (items.size > 1) refuseField('meta', given, 'has too many properties')
  const value = items.get(key)
  if (value === undefined) throw new ComputeFault('body.invalid', 'Request body and URI mismatch')
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** No body at all reads as null, as Nova reads it. */
function parseBody(body: unknown): unknown {
  if (!(body instanceof Uint8Array) || body.length === 0) return null
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    throw new ComputeFault('body.invalid', 'Malformed request body')
  }
}

function readItems(json: unknown, field: 'meta' | 'metadata', prefix: Prefix): Map<string, string> {
  if (!isObject(json)) {
    throw new ComputeFault('body.invalid', `${quote(json)} is not of type 'object'`)
  }
  const given = Object.hasOwn(json, field) ? json[field] : undefined
  if (given === undefined) {
    throw new ComputeFault('body.invalid', `'${field}' is a required property`)
  }
  const extra = Object.keys(json).filter((key) => key !== field)
  // The legacy API's schemas let other keys pass (nova/api/validation/validators.py).
  if (extra.length > 0 && prefix !== 'v2') {
    const verb = extra.length === 1 ? 'was' : 'were'
    const names = extra.map((key) => `'${cut(key)}'`).join(', ')
    throw new ComputeFault(
      'body.invalid',
      `Additional properties are not allowed (${cut(names)} ${verb} unexpected)`,
    )
  }
  if (!isObject(given)) refuseField(field, given, "is not of type 'object'")
  const items = new Map<string, string>()
  for (const [key, value] of Object.entries(given)) {
    if (!KEY.test(key)) refuseKey(field, key, given, prefix)
    items.set(key, checkValue(key, value))
  }
  return items
}

function checkValue(key: string, value: unknown): string {
  if (typeof value !== 'string') refuseField(key, value, "is not of type 'string'")
  if ([...value].length > VALUE_CHARACTERS_MAX) refuseField(key, value, 'is too long')
  if (!value.isWellFormed()) refuseField(key, value, 'is not well-formed Unicode')
  return value
}

function refuseKey(field: string, key: string, given: object, prefix: Prefix): never {
  const problem =
    prefix === 'v2'
      ? `Additional properties are not allowed ('${cut(key)}' was unexpected)`
      : `'${cut(key)}' does not match any of the regexes: '${KEY_PATTERN}'`
  throw new ComputeFault(
    'body.invalid',
    `Invalid input for field/attribute ${field}. Value: ${quote(given)}. ${problem}`,
  )
}

function refuseField(field: string, value: unknown, problem: string): never {
  const bare = typeof value === 'string' ? cut(value) : quote(value)
  throw new ComputeFault(
    'body.invalid',
    `Invalid input for field/attribute ${cut(field)}. Value: ${bare}. ${quote(value)} ${problem}`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text in single quotes, as jsonschema prints it; other values as JSON; long ones are cut. */
function quote(value: unknown): string {
  return typeof value === 'string' ? `'${cut(value)}'` : cut(printJson(value))
}

/** JSON.stringify is recursive; a body of nothing but brackets would overflow the stack. */
function printJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return '(deeply nested)'
  }
}
