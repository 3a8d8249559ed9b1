import type { FastifyInstance, FastifyRequest } from 'fastify'

export type FaceName = 'compute' | 'image' | 'identity'

/** A failure met outside a face's own routes: by the parser, a limit, or an unexpected error. */
export interface Failure {
  readonly status: 400 | 404 | 405 | 408 | 413 | 415 | 429 | 500 | 503
  /** For the caller; never a thrown error's own text. */
  readonly message: string
  /** Seconds for a Retry-After header. */
  readonly retryAfterS?: number
}

/** What one API is to the HTTP server that carries it. */
export interface Face {
  readonly name: FaceName
  /** Names of the response headers that carry the request id. */
  readonly requestIdHeaders: readonly string[]
  /** The largest request body, in bytes. */
  readonly bodyBytesMax: number
  /**
   * Whether the face itself reads a request's body as a stream, however large and slow; by default
   * no. The target is unchanged.
   */
  streamsBody?(method: string, target: string): boolean
  /** Whether another service answers a request in place of this one; by default no. */
  isPassedOn?(target: string): boolean
  /**
   * What a request asks for: a word of a bounded set, for metrics. `unknown`: a path that is not
   * known; `other`: a method that the path does not have.
   */
  operationOf(request: FastifyRequest): string
  /** The path that an operation has, with `:name` for what varies in it; undefined: it has none. */
  routeOf?(operation: string): string | undefined
  /** The API that an operation belongs to, where the port carries more than one. */
  apiOf?(operation: string): string
  /**
   * A failure in the shape that this API's clients know.
   * @param accept the request's own header; undefined if it could not be read
   */
  printFailure(
    failure: Failure,
    accept?: string,
  ): { readonly contentType: string; readonly body: string }
  /** Adds the face's hooks and routes. */
  register(app: FastifyInstance): void
}
