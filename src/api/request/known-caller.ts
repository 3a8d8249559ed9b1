import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../identity/identity.ts'

const callers = new WeakMap<FastifyRequest, Caller>()

/** Remembers whose request it is, for the log. */
export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller)
}

/** Whose request it is; undefined if its token was not checked, or is not good. */
export function knownCaller(request: FastifyRequest): Caller | undefined {
  return callers.get(request)
}
