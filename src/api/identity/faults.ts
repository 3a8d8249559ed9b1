import { STATUS_CODES } from 'node:http'
import {
  type ApplicationCredentialRefusal,
  ApplicationCredentialRefused,
} from '../../identity/application-credentials.ts'
import { IdentityUnavailable } from '../../identity/identity.ts'
import { SignInFault, type SignInFaultCode } from '../../identity/token-service.ts'
import { CallerThrottled } from '../request/caller-limits.ts'
import { said } from '../request/said.ts'

/** Keystone's words for every 401, whatever the cause (keystone/exception.py, Unauthorized). */
const UNAUTHORIZED = 'The request you have made requires authentication.'
const UNAVAILABLE_RETRY_SECONDS = 2

const STATUS_OF_SIGN_IN: Readonly<Record<SignInFaultCode, number>> = {
  'credentials.refused': 401,
  'attempts.throttled': 429,
  'service.busy': 503,
  'service.unwritable': 503,
}

/** The status, and what Keystone says before and after the reason (keystone/exception.py). */
const OF_APPLICATION_CREDENTIAL: Readonly<
  Record<ApplicationCredentialRefusal, readonly [status: number, before: string, after: string]>
> = {
  expired: [400, '', ''],
  'limit.reached': [403, '', ''],
  'name.taken': [409, 'Conflict occurred attempting to store application_credential - ', '.'],
  'role.unassigned': [400, 'Invalid application credential: ', ''],
  'role.unknown': [404, 'Could not find role: ', '.'],
}

/** An answer that is a refusal. `message` is for the caller and never holds a credential. */
export class KeystoneFault extends Error {
  override readonly name = 'KeystoneFault'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

export function unauthorized(message = UNAUTHORIZED): KeystoneFault {
  return new KeystoneFault(401, message)
}

/** @param action as Keystone names it in its policy: `identity:list_projects` */
export function forbidden(action: string): KeystoneFault {
  const message = `You are not authorized to perform the requested action: ${action}.`
  return new KeystoneFault(403, message)
}

export function notFound(what: string, id: string): KeystoneFault {
  return new KeystoneFault(404, said`Could not find ${what}: ${id}.`)
}

/** @param field where in the body, as `auth.identity.methods` */
export function badField(field: string, problem: string): KeystoneFault {
  return new KeystoneFault(400, said`Invalid input for field '${field}': ${problem}.`)
}

/** The one place where a failure gets its status; undefined for an unexpected error. */
export function faultOf(error: unknown): KeystoneFault | undefined {
  if (error instanceof KeystoneFault) return error
  if (error instanceof ApplicationCredentialRefused) {
    const [status, before, after] = OF_APPLICATION_CREDENTIAL[error.code]
    return new KeystoneFault(status, said`${before}${error.message}${after}`)
  }
  if (error instanceof SignInFault) {
    const status = STATUS_OF_SIGN_IN[error.code]
    if (status === 401) return unauthorized()
    return new KeystoneFault(status, error.message, {
      'retry-after': String(error.retryAfterSeconds),
    })
  }
  if (error instanceof CallerThrottled) {
    return new KeystoneFault(429, error.message, { 'retry-after': String(error.retryAfterS) })
  }
  if (error instanceof IdentityUnavailable) {
    const message = 'The identity service could not look this up; try again later.'
    return new KeystoneFault(503, message, { 'retry-after': String(UNAVAILABLE_RETRY_SECONDS) })
  }
  return undefined
}

/** Mirrors keystone/server/flask/common.py and keystone/common/render_exception. */
export function faultBody(status: number, message: string): string {
  const title = STATUS_CODES[status] ?? 'Error'
  return JSON.stringify({ error: { code: status, message, title } })
}
