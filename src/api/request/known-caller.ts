import type { Caller } from '../../identity/identity.ts'
import type { Asked } from './asked.ts'

const callers = new WeakMap<Asked, Caller>()

/** Remembers whose request it is, for the log. */
export function rememberCaller(request: Asked, caller: Caller): void {
  callers.set(request, caller)
}

/** Whose request it is; undefined if its token was not checked, or is not good. */
export function knownCaller(request: Asked): Caller | undefined {
  return callers.get(request)
}
