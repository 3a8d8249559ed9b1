import type { FastifyRequest } from 'fastify'
import type { UserService } from '../../identity/application-credentials.ts'
import type { Caller } from '../../identity/identity.ts'
import type { IssuedToken, SignIn, TokenDescription } from '../../identity/token-service.ts'
import { within } from '../../tracing/trace.ts'
import type { Endpoint } from '../face/endpoints.ts'
import type { BaseUrlPolicy } from '../request/base-url.ts'
import type { CallerLimits } from '../request/caller-limits.ts'
import { rememberCaller } from '../request/known-caller.ts'
import { passedOnTrace } from '../request/known-trace.ts'
import type { Endpoints } from './catalog.ts'
import { forbidden, KeystoneFault, unauthorized } from './faults.ts'

export interface IdentityDependencies {
  readonly users: UserService
  readonly callerLimits?: CallerLimits
  readonly baseUrl: BaseUrlPolicy
  readonly compute: Endpoint
  readonly image: Endpoint
}

/** One request, as its handler sees it. */
export interface Call {
  readonly request: FastifyRequest
  readonly users: UserService
  readonly callerLimits: CallerLimits | undefined
  readonly endpoints: Endpoints
  /** Where the request comes from, for slowing down guesses. */
  readonly address: string
  /** The path segment that the route's `:id` stands for. */
  readonly id: string
  /** The same for `:credential`. */
  readonly credentialId: string
  readonly query: URLSearchParams
}

export interface DescribedToken {
  readonly token: string
  readonly description: TokenDescription
}

export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** The caller. @throws KeystoneFault 401, CallerThrottled */
export async function callerOf(call: Call): Promise<Caller> {
  const caller = await within(passedOnTrace(call.request), 'identity', () =>
    call.users.authenticate(header(call, 'x-auth-token') ?? ''),
  )
  if (caller === undefined) throw unauthorized()
  rememberCaller(call.request, caller)
  await call.callerLimits?.admit(call.request, caller)
  return caller
}

/** @throws SignInFault */
export function signIn(call: Call, asked: Omit<SignIn, 'address'>): Promise<IssuedToken> {
  return within(passedOnTrace(call.request), 'identity sign-in', () =>
    call.users.signIn({ ...asked, address: call.address }),
  )
}

/** The caller, and all there is to say of the token. @throws KeystoneFault 401, CallerThrottled */
export async function describedCaller(
  call: Call,
): Promise<DescribedToken & { readonly caller: Caller }> {
  const caller = await callerOf(call)
  const token = header(call, 'x-auth-token') ?? ''
  const description = await call.users.describe(token)
  if (description === undefined) throw unauthorized()
  return { caller, token, description }
}

/** @throws KeystoneFault 401, 403, CallerThrottled */
export async function adminOf(call: Call, action: string): Promise<Caller> {
  const caller = await callerOf(call)
  if (!caller.isAdmin) throw forbidden(action)
  return caller
}

/**
 * The token that a request is about; only its own user and an admin may handle it.
 * @throws KeystoneFault 401, 403, 404, CallerThrottled
 */
export async function subjectOf(call: Call, action: string): Promise<DescribedToken> {
  const caller = await callerOf(call)
  const token = header(call, 'x-subject-token')
  if (token === undefined) throw new KeystoneFault(404, 'No token in the request')
  const description = await call.users.describe(token)
  // Not the token's text: it may be one with a slip of the pen.
  if (description === undefined) throw new KeystoneFault(404, 'Could not find token.')
  if (!caller.isAdmin && caller.userId !== description.user.id) throw forbidden(action)
  return { token, description }
}

function header(call: Call, name: string): string | undefined {
  const value = call.request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
