import type { DomainReference, Reference, Scope, SignIn } from '../../identity/token-service.ts'
import { field, filled, has, type Part, part, readJson, text } from './body.ts'
import { badField, unauthorized } from './faults.ts'

/** What a body asks for; where it comes from is added by the route. */
export type SignInBody = Omit<SignIn, 'address'>

/** The only sign-in methods there are. */
const METHODS = new Set(['password', 'application_credential', 'token'])
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
    ...(methods.has('application_credential')
      ? { applicationCredential: readApplicationCredential(auth, identity) }
      : {}),
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

/**
 * By id, or by name and user; the id counts where both are given. Mirrors AppCredInfo of
 * keystone/auth/plugins/core.py, and keystone/auth/core.py for the scope.
 */
function readApplicationCredential(auth: Part, identity: Part) {
  if (has(auth, 'scope')) {
    const reason = 'Application credentials cannot request a scope.'
    throw unauthorized(`Error authenticating with application credential: ${reason}`)
  }
  const given = part(identity, 'application_credential')
  const secret = text(given, 'secret')
  if (filled(given, 'id')) return { credential: { id: text(given, 'id') }, secret }
  if (!has(given, 'name')) throw badField(given.path, "'id' or 'name' is a required property")
  return {
    credential: { name: text(given, 'name'), user: readReference(part(given, 'user')) },
    secret,
  }
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
