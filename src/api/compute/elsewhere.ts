import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readTarget } from '../request/target.ts'
import { CALLERS_PATH } from './callers.ts'
import { PAGE_PATH } from './deprecation-headers.ts'
import type { ComputeFault } from './faults.ts'
import { splitPath } from './routes.ts'

/** The service that the rest of the Compute API is asked of. */
export interface Elsewhere {
  /** To be called before any request is forwarded. */
  register(app: FastifyInstance): void
  /**
   * Forwards a request unchanged, and returns the answer. `refuse` answers if there is no answer to
   * return: 'upstream.unavailable', 'upstream.invalid' or 'upstream.timeout'.
   */
  forward(
    request: FastifyRequest,
    reply: FastifyReply,
    refuse: (fault: ComputeFault) => void,
  ): FastifyReply
}

/** A path that cannot be parsed counts as one about images if it begins like one. */
const IMAGES_BEGINNING = /^\/+v2(?:\.1)?\/+(?:[0-9a-f-]+\/+)?images(?:[/?#]|$)/

/**
 * Whether a request is answered here: about images, this server (`*`), the end of the calls, or
 * callers.
 */
export function isForHere(url: string): boolean {
  const [path] = url.split('?', 1)
  return url === '*' || path === PAGE_PATH || path === CALLERS_PATH || isAboutImages(url)
}

/** Whether a request is about images. */
export function isAboutImages(url: string): boolean {
  const target = readTarget(url)
  if (target === undefined) return IMAGES_BEGINNING.test(url)
  const [first, ...rest] = target.segments
  if (first !== 'v2' && first !== 'v2.1') return false
  return splitPath(rest).path[0] === 'images'
}
