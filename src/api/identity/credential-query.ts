import type {
  NewApplicationCredential,
  RoleReference,
} from '../../identity/application-credentials.ts'
import { field, isObject, type Part, part, readJson, text } from './body.ts'
import { badField, KeystoneFault } from './faults.ts'

/** As keystone/common/validation/parameter_types.py, in characters. */
const NAME_LENGTH_MAX = 255
/** As long as that of a project here. */
const DESCRIPTION_LENGTH_MAX = 1024
/** As long as a password here. */
const SECRET_LENGTH_MAX = 4096
/** There are three roles; more is a mistake. */
const ROLES_MAX = 16
/** Everything up to the seconds, a fraction, and the only zone that Keystone takes. */
const TIME_FORM = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z?$/
const ASSUMED_ERROR =
  'The server could not comply with the request since it is either malformed or otherwise ' +
  'incorrect. The client is assumed to be in error.'

/**
 * The body of `POST /v3/users/{user_id}/application_credentials`; mirrors
 * keystone/application_credential/schema.py. @throws KeystoneFault 400 that names the field
 */
export function readNewApplicationCredential(
  body: unknown,
  contentType: string | undefined,
): NewApplicationCredential {
  const given = part(readJson(body, contentType), 'application_credential')
  refuseAccessRules(given)
  return {
    name: readName(given),
    description: optional(given, 'description', DESCRIPTION_LENGTH_MAX) ?? null,
    secret: optional(given, 'secret', SECRET_LENGTH_MAX) || undefined,
    roles: readRoles(given),
    isUnrestricted: readUnrestricted(given),
    expiresAtMs: readTime(optional(given, 'expires_at', Number.POSITIVE_INFINITY)),
  }
}

function readName(given: Part): string {
  const name = text(given, 'name')
  if (name.trim() === '') throw badField(`${given.path}.name`, 'it is empty')
  return shorter(name, `${given.path}.name`, NAME_LENGTH_MAX)
}

/** null counts as left out. */
function optional(given: Part, name: string, lengthMax: number): string | undefined {
  const value = field(given, name)
  if (value === undefined || value === null) return undefined
  return shorter(text(given, name), `${given.path}.${name}`, lengthMax)
}

function shorter(value: string, path: string, lengthMax: number): string {
  if (value.length <= lengthMax) return value
  throw badField(path, `it is longer than ${lengthMax} characters`)
}

function readRoles(given: Part): RoleReference[] {
  const roles = field(given, 'roles')
  const path = `${given.path}.roles`
  if (roles === undefined) return []
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) {
    throw badField(path, `a list of at most ${ROLES_MAX} roles is expected`)
  }
  return roles.map((role: unknown) => {
    const [name, ...others] = isObject(role) ? Object.keys(role) : []
    if (!isObject(role) || others.length > 0 || (name !== 'id' && name !== 'name')) {
      throw badField(path, "every role is an object with 'id' or 'name'")
    }
    const value = text({ fields: role, path }, name)
    return name === 'id' ? { id: value } : { name: value }
  })
}

function readUnrestricted(given: Part): boolean {
  const value = field(given, 'unrestricted')
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  throw badField(`${given.path}.unrestricted`, 'true or false is expected')
}

/** An empty list of rules is none. A rule that nobody enforces would give more than it says. */
function refuseAccessRules(given: Part): void {
  const rules = field(given, 'access_rules')
  if (rules === undefined || (Array.isArray(rules) && rules.length === 0)) return
  const problem =
    'access rules are not supported here; leave them out, and limit the credential by its roles'
  throw badField(`${given.path}.access_rules`, problem)
}

/** Unix milliseconds, whole seconds; mirrors parse_expiration_date of keystone/common/utils.py. */
function readTime(value: string | undefined): number | null {
  if (value === undefined || value === '') return null
  const [, date, time] = TIME_FORM.exec(value) ?? []
  const unixMs = Date.parse(`${date}T${time}Z`)
  // A day that there is not would be taken for the one after it.
  const isThere = !Number.isNaN(unixMs) && new Date(unixMs).toISOString().startsWith(`${date}T`)
  if (isThere) return unixMs
  throw new KeystoneFault(400, `Timestamp not in expected format. ${ASSUMED_ERROR}`)
}
