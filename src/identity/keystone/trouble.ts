import { UpstreamFault, type UpstreamFaultCode } from '../../upstream/fault.ts'
import type { JsonAnswer, Upstream, UpstreamRequest } from '../../upstream/upstream.ts'
import { type IdentityTrouble, IdentityUnavailable } from '../identity.ts'

const KINDS: Readonly<Record<UpstreamFaultCode, IdentityTrouble>> = {
  unreachable: 'unavailable',
  overloaded: 'unavailable',
  aborted: 'unavailable',
  timeout: 'timeout',
  invalid: 'invalid',
  too_large: 'invalid',
}

/** For which request Keystone is asked. */
export type Origin = Pick<UpstreamRequest, 'requestId' | 'trace'>

/** Asks Keystone. @throws IdentityUnavailable when there is no answer */
export async function askKeystone(
  upstream: Upstream,
  request: UpstreamRequest,
): Promise<JsonAnswer> {
  try {
    return await upstream.requestJson(request)
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error
    const { code, message, detail, retryAfterS } = error
    const text = detail === undefined ? message : `${message} (${detail})`
    throw new IdentityUnavailable(text, { kind: KINDS[code], retryAfterS })
  }
}

/** The meaning of an answer that says nothing about the token. */
export function unexpected(answer: JsonAnswer): IdentityUnavailable {
  const { status, retryAfterS, upstreamRequestId: id } = answer
  const text = `Keystone answered ${status}${id === undefined ? '' : ` to request ${id}`}`
  const kind = status >= 500 || status === 429 ? 'unavailable' : 'invalid'
  return new IdentityUnavailable(text, { kind, retryAfterS })
}
