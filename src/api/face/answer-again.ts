import type { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import type { KeptForms } from './compressible.ts'

/** An answer that is ready at once. */
export interface AnswerAtOnce {
  readonly status: 200 | 304
  /** Names and values in turn, without those that every answer to the same path and headers has. */
  readonly headers: readonly string[]
  /** undefined with 304. */
  readonly body: Buffer | undefined
  readonly forms: KeptForms
}

/** How a face answers a GET with a path and headers that it has admitted before. */
export interface AnswerAgain {
  /** As `Face.operationOf` says it. */
  readonly operation: string
  /** Header names that only some answers to this path and headers have: those of `AnswerAtOnce`. */
  readonly ownHeaders: ReadonlySet<string>
  /**
   * Checks again whatever may have changed since, and answers.
   * @param query the query string as it was sent
   * @param response takes the answer
   * @returns undefined if that needs a wait, or fails: the request is then handled as a new one
   */
  answer(query: string, response: EventEmitter): AnswerAtOnce | undefined
}

const offered = new WeakMap<FastifyReply, AnswerAgain>()

/** Offers a short way for the next requests whose path and headers are the same, byte for byte. */
export function offerAgain(reply: FastifyReply, again: AnswerAgain): void {
  offered.set(reply, again)
}

export function offeredAgain(reply: FastifyReply): AnswerAgain | undefined {
  return offered.get(reply)
}
