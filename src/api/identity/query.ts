import type { DomainReference, Reference, Scope, SignIn } from '../../identity/token-service.ts'
import { badField, KeystoneFault, unauthorized } from './faults.ts'

/** What a body asks for; where it comes from is added by the route. */
export type SignInBody = Omit<SignIn, 'address'>

/** An object of a body, and where in the body it stands. */
interface Part {
  readonly fields: Readonly<Record<string, unknown>>
  readonly path: string
}

/** The only sign-in methods there are. */
const METHODS = new Set(['password', 'token'])
const METHODS_MAX = 8
const SCOPES = ['project', 'domain', 'unscoped', 'OS-TRUST:trust', 'system']
/** Version 2.0 has no domains; its names are those of the default one. */
const DEFAULT_DOMAIN: DomainReference = { id: 'default' }

/**
 * The body of `POST /v3/auth/tokens`; mirrors keystone/auth/schema.py and keystone/auth/core.py.
 * @throws KeystoneFault 400 that names the field, 401 for a sign-in method that is not supported
 */
export function readSignIn(body: unknown, contentType: string | undefined): SignInBody {
  const auth = part(readJson(body, contentType), 'auth')
  const identity = part(auth, 'identity')
  const methods = readMethods(identity)
  return {
    ...(methods.has('password') ? { password: readPassword(part(identity, 'password')) } : {}),
    ...(methods.has('token') ? { token: text(part(identity, 'token'), 'id') } : {}),
    scope: readScope(auth),
  }
}

/**
 * The body of `POST /v2.0/tokens`; mirrors keystone/token/controllers.py as it was in Pike, the last
 * release that had it. Without a tenant the scope is the user's default project.
 */
export function readSignInV2(body: unknown, contentType: string | undefined): SignInBody {
  const auth = part(readJson(body, contentType), 'auth')
  return { ...readCredentialsV2(auth), scope: readTenant(auth) }
}

function readCredentialsV2(auth: Part): Pick<SignInBody, 'password' | 'token'> {
  if (has(auth, 'token')) return { token: text(part(auth, 'token'), 'id') }
  if (!has(auth, 'passwordCredentials')) {
    throw badField('auth', "'passwordCredentials' or 'token' is a required property")
  }
  const given = part(auth, 'passwordCredentials')
  const user = has(given, 'userId')
    ? { id: text(given, 'userId') }
    : { name: text(given, 'username'), domain: DEFAULT_DOMAIN }
  return { password: { user, password: text(given, 'password') } }
}

function readTenant(auth: Part): Scope {
  if (filled(auth, 'tenantId')) return { kind: 'project', project: { id: text(auth, 'tenantId') } }
  if (!filled(auth, 'tenantName')) return { kind: 'default' }
  const name = text(auth, 'tenantName')
  return { kind: 'project', project: { name, domain: DEFAULT_DOMAIN } }
}

function readMethods(identity: Part): ReadonlySet<string> {
  const path = `${identity.path}.methods`
  const methods = field(identity, 'methods')
  if (methods === undefined) throw badField(identity.path, "'methods' is a required property")
  if (!Array.isArray(methods) || methods.length === 0 || methods.length > METHODS_MAX) {
    throw badField(path, `a list of 1 to ${METHODS_MAX} methods is expected`)
  }
  for (const method of methods) {
    if (typeof method !== 'string') throw badField(path, 'every method is a string')
    if (METHODS.has(method)) continue
    throw unauthorized('Attempted to authenticate with an unsupported method.')
  }
  return new Set(methods)
}

function readPassword(given: Part): { user: Reference; password: string } {
  const user = part(given, 'user')
  return { user: readReference(user), password: text(user, 'password') }
}

/** `{"id": ...}`, or `{"name": ..., "domain": {...}}`; the id counts where both are given. */
function readReference(given: Part): Reference {
  if (filled(given, 'id')) return { id: text(given, 'id') }
  if (!has(given, 'name')) throw badField(given.path, "'id' or 'name' is a required property")
  return { name: text(given, 'name'), domain: readDomain(part(given, 'domain')) }
}

function readDomain(given: Part): DomainReference {
  if (filled(given, 'id')) return { id: text(given, 'id') }
  if (!has(given, 'name')) throw badField(given.path, "'id' or 'name' is a required property")
  return { name: text(given, 'name') }
}

function readScope(auth: Part): Scope {
  const given = field(auth, 'scope')
  if (given === undefined || given === null) return { kind: 'default' }
  if (given === 'unscoped') return { kind: 'unscoped' }
  const scope = part(auth, 'scope')
  const kinds = SCOPES.filter((kind) => has(scope, kind))
  if (kinds.length !== 1)
    throw badField(scope.path, `exactly one of ${SCOPES.join(', ')} is expected`)
  if (kinds[0] === 'unscoped') return { kind: 'unscoped' }
  if (kinds[0] !== 'project') return { kind: 'unattainable' }
  return { kind: 'project', project: readReference(part(scope, 'project')) }
}

/** @param body the bytes that were sent, if any. */
function readJson(body: unknown, contentType: string | undefined): Part {
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Own fields only: `__proto__` in a body is a plain name, and nothing is inherited. */
function field(from: Part, name: string): unknown {
  return has(from, name) ? from.fields[name] : undefined
}

function has(from: Part, name: string): boolean {
  return Object.hasOwn(from.fields, name)
}

/** Old clients send `null` or an empty string for what they leave out. */
function filled(from: Part, name: string): boolean {
  const value = field(from, name)
  return value !== undefined && value !== null && value !== ''
}

function part(from: Part, name: string): Part {
  const value = field(from, name)
  const path = from.path === '' ? name : `${from.path}.${name}`
  if (value === undefined) throw badField(from.path || 'body', `'${name}' is a required property`)
  if (!isObject(value)) throw badField(path, 'an object is expected')
  return { fields: value, path }
}

function text(from: Part, name: string): string {
  const value = field(from, name)
  if (value === undefined) throw badField(from.path, `'${name}' is a required property`)
  if (typeof value !== 'string') throw badField(`${from.path}.${name}`, 'a string is expected')
  if (!value.isWellFormed()) throw badField(`${from.path}.${name}`, 'it holds half a character')
  return value
}
