import { badField, KeystoneFault } from './faults.ts'

/** An object of a body, and where in the body it stands. */
export interface Part {
  readonly fields: Readonly<Record<string, unknown>>
  readonly path: string
}

/** @param body the bytes that were sent, if any. @throws KeystoneFault 400 */
export function readJson(body: unknown, contentType: string | undefined): Part {
  // As keystone/server/flask/request_processing/json_body.py: no type at all counts as JSON.
  if (contentType !== undefined && !/^application\/json\s*(?:;|$)/i.test(contentType)) {
    throw new KeystoneFault(400, 'Expecting to find application/json in Content-Type header.')
  }
  const bytes = body instanceof Uint8Array ? body : new Uint8Array()
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new KeystoneFault(400, 'The request body is not valid JSON in UTF-8.')
  }
  if (!isObject(value)) throw new KeystoneFault(400, 'The request body must be a JSON object.')
  return { fields: value, path: '' }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Own fields only: `__proto__` in a body is a plain name, and nothing is inherited. */
export function field(from: Part, name: string): unknown {
  return has(from, name) ? from.fields[name] : undefined
}

export function has(from: Part, name: string): boolean {
  return Object.hasOwn(from.fields, name)
}

/** Old clients send `null` or an empty string for what they leave out. */
export function filled(from: Part, name: string): boolean {
  const value = field(from, name)
  return value !== undefined && value !== null && value !== ''
}

/** @throws KeystoneFault 400 that names the field */
export function part(from: Part, name: string): Part {
  const value = field(from, name)
  const path = from.path === '' ? name : `${from.path}.${name}`
  if (value === undefined) throw badField(from.path || 'body', `'${name}' is a required property`)
  if (!isObject(value)) throw badField(path, 'an object is expected')
  return { fields: value, path }
}

/** @throws KeystoneFault 400 that names the field */
export function text(from: Part, name: string): string {
  const value = field(from, name)
  if (value === undefined) throw badField(from.path, `'${name}' is a required property`)
  if (typeof value !== 'string') throw badField(`${from.path}.${name}`, 'a string is expected')
  if (!value.isWellFormed()) throw badField(`${from.path}.${name}`, 'it holds half a character')
  return value
}
