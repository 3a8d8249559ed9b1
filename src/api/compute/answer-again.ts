import type { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { NO_POLICY } from '../../deprecation/policy.ts'
import type { Caller } from '../../identity/identity.ts'
import { type AnswerAtOnce, offerAgain } from '../face/answer-again.ts'
import { NOT_KEPT } from '../face/compressible.ts'
import { isKnown } from '../request/entity-tag.ts'
import { type Gate, isEndedFor } from './admit.ts'
import type { Answers } from './answers.ts'
import type { ListCall } from './call.ts'
import { answerAtOnce } from './list.ts'

/** What an answer to another query depends on, beside the call. */
export interface AgainDependencies extends Pick<Gate, 'deprecation'> {
  readonly answers: Answers
  /** One that is the same for every caller. */
  readonly catalogue: Catalogue
  /** Says whose the token of the request is now, without a wait. */
  readonly callerNow: () => Caller | undefined
  readonly userAgent: string | undefined
  readonly ifNoneMatch: string | undefined
  /** Counts one more call like this one. */
  readonly note: ((query: string) => void) | undefined
}

/** Headers of a list's answer that depend on the query, or on what is listed. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'deprecation',
  'sunset',
  'link',
  'age',
  'warning',
  'etag',
  'content-type',
])

/** Offers the short way to the next lists with the same path and headers. */
export function offerListAgain(reply: FastifyReply, call: ListCall, deps: AgainDependencies): void {
  offerAgain(reply, {
    operation: call.operation,
    ownHeaders: OWN_HEADERS,
    answer: (query, response) => {
      const again = query === call.query ? call : { ...call, query }
      return answerListAgain(again, deps, response)
    },
  })
}

function answerListAgain(
  call: ListCall,
  deps: AgainDependencies,
  response: EventEmitter,
): AnswerAtOnce | undefined {
  try {
    const answer = answerNow(call, deps)
    if (answer?.body !== undefined) deps.answers.lend(answer.body, response)
    return answer
  } catch {
    return undefined // the long way meets the same error, and answers it
  }
}

function answerNow(call: ListCall, deps: AgainDependencies): AnswerAtOnce | undefined {
  // Another object of the same user may have other roles.
  if (deps.callerNow() !== call.caller) return undefined
  if (isEndedFor(call.caller, deps.userAgent, deps)) return undefined
  const answer = answerAtOnce(call, deps.catalogue, deps.answers, deps.deprecation?.() ?? NO_POLICY)
  if (answer === undefined) return undefined
  deps.note?.(call.query)
  const { headers, body, forms = NOT_KEPT } = answer
  const own: string[] = []
  for (const name in headers) own.push(name, headers[name] ?? '')
  if (isKnown(deps.ifNoneMatch, headers['etag'] ?? '')) {
    return { status: 304, headers: own, body: undefined, forms }
  }
  own.push('content-type', call.contentType)
  return { status: 200, headers: own, body, forms }
}
