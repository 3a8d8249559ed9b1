import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Asker } from '../../catalogue/catalogue.ts'
import type { Caller } from '../../identity/identity.ts'
import type { Trace } from '../../tracing/trace.ts'
import { goneSignal } from '../request/caller-gone.ts'
import { passedOnTrace } from '../request/known-trace.ts'
import { passedOnRequestId } from '../request/request-id.ts'

/** The caller of one request, for a catalogue that asks another service in the caller's name. */
export class RequestAsker implements Asker {
  readonly userId: string
  readonly projectId: string | null
  readonly roles: readonly string[]
  readonly requestId: string
  readonly trace: Trace | undefined
  /** Private, so that no logger prints it with the rest. */
  readonly #token: string
  readonly #response: ServerResponse
  #signal: AbortSignal | undefined

  constructor(request: FastifyRequest, response: ServerResponse, token: string, caller: Caller) {
    this.userId = caller.userId
    this.projectId = caller.projectId
    this.roles = caller.roles
    this.requestId = passedOnRequestId(request)
    this.trace = passedOnTrace(request)
    this.#token = token
    this.#response = response
  }

  get token(): string {
    return this.#token
  }

  get signal(): AbortSignal {
    this.#signal ??= goneSignal(this.#response)
    return this.#signal
  }

  /** Whether the caller has left; touches the connection as little as possible. */
  get isGone(): boolean {
    return this.#signal?.aborted === true
  }
}
