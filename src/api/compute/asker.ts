import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Asker } from '../../catalogue/catalogue.ts'
import type { Caller } from '../../identity/identity.ts'
import { goneSignal } from '../caller-gone.ts'

/** Mirrors oslo_middleware/request_id.py (ID_FORMAT). */
const REQUEST_ID = /^req-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/

/** The caller of one request, as a catalogue that stands elsewhere asks on in their name. */
export class RequestAsker implements Asker {
  readonly userId: string
  readonly projectId: string | null
  readonly roles: readonly string[]
  readonly requestId: string
  /** Private, so that no logger prints it with the rest. */
  readonly #token: string
  readonly #response: ServerResponse
  #signal: AbortSignal | undefined

  constructor(request: FastifyRequest, response: ServerResponse, token: string, caller: Caller) {
    this.userId = caller.userId
    this.projectId = caller.projectId
    this.roles = caller.roles
    this.requestId = requestIdOf(request)
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

  /** Whether the answer is for nobody any more; asks no more of the connection than it must. */
  get isGone(): boolean {
    return this.#signal?.aborted === true
  }
}

/** The caller's own name for the request, if it is one, goes on to the services that are asked. */
function requestIdOf(request: FastifyRequest): string {
  const given = request.headers['x-openstack-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : request.id
}
