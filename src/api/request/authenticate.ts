import type { FastifyRequest } from 'fastify'
import type { Caller, Identity } from '../../identity/identity.ts'
import { within } from '../../tracing/trace.ts'
import type { CallerLimits } from './caller-limits.ts'
import { rememberCaller } from './known-caller.ts'
import { passedOnTrace } from './known-trace.ts'
import { passedOnRequestId } from './request-id.ts'

export interface Authentication {
  readonly users: Identity
  readonly callerLimits?: CallerLimits
}

/**
 * The caller. @returns undefined without a token, or with an invalid one.
 * @throws IdentityUnavailable, CallerThrottled
 */
export async function authenticate(
  request: FastifyRequest,
  { users, callerLimits }: Authentication,
): Promise<Caller | undefined> {
  const token = tokenOf(request)
  if (token === '') return undefined
  const caller = await within(passedOnTrace(request), 'identity', (trace) =>
    users.authenticate(token, passedOnRequestId(request), trace),
  )
  if (caller === undefined) return undefined
  rememberCaller(request, caller)
  await callerLimits?.admit(request, caller)
  return caller
}

/** X-Storage-Token is accepted like X-Auth-Token (keystonemiddleware/auth_token/_request.py). */
export function tokenOf({ headers }: FastifyRequest): string {
  const token = headers['x-auth-token'] ?? headers['x-storage-token']
  return typeof token === 'string' ? token : ''
}

/** A refusal as keystonemiddleware prints it (keystonemiddleware/auth_token/__init__.py). */
export const UNAUTHORIZED_BODY =
  '{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}'

/** @param keystone the address to sign in at, such as `http://cloud.example:5000/v3`, if it is known. */
export function unauthorizedHeaders(keystone: string | undefined): Record<string, string> {
  return {
    'content-type': 'application/json',
    'www-authenticate': keystone === undefined ? 'Keystone' : `Keystone uri="${keystone}"`,
  }
}
