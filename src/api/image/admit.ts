import type { FastifyRequest } from 'fastify'
import { endpointUrl } from '../face/endpoints.ts'
import { authenticate } from '../request/authenticate.ts'
import { resolveBaseUrl } from '../request/base-url.ts'
import { said } from '../request/said.ts'
import { readTarget, type Target } from '../request/target.ts'
import type { Answer, Call } from './call.ts'
import type { Gate } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { hasBody } from './json-body.ts'
import { notAuthorized } from './rights.ts'
import { allowedAt, demandsOf, findRoute, PUBLIC_ALLOW, whyLeftOut } from './routes.ts'
import { PREFIXES, printVersions } from './version-documents.ts'

/**
 * The checks every request goes through before its operation runs, in the contract's order: parse,
 * OPTIONS and what needs no token, 401, route.
 */

/** What becomes of a request: an answer at once, or a call to carry out. */
export type Admission =
  | { readonly kind: 'public'; readonly answer: Answer }
  | { readonly kind: 'call'; readonly call: Call }

/** @throws ImageFault, IdentityUnavailable, CallerThrottled */
export async function admit(request: FastifyRequest, gate: Gate): Promise<Admission> {
  const { method } = request
  const target = request.originalUrl === '*' ? ASTERISK : readTarget(request.originalUrl)
  if (target === undefined) {
    throw new ImageFault('request.malformed', 'The path is not valid percent-encoded UTF-8.')
  }
  const base = resolveBaseUrl(request, gate.baseUrl)
  if (base === undefined) {
    throw new ImageFault('request.host', 'The Host header is missing, repeated or malformed.')
  }
  const [first = '', ...path] = target.segments
  const isVersioned = PREFIXES.has(first)
  if (method === 'OPTIONS') {
    const allow = isVersioned ? allowedAt(path) : PUBLIC_ALLOW
    return { kind: 'public', answer: { status: 200, headers: { allow }, body: '' } }
  }
  if (!isVersioned) return { kind: 'public', answer: outsideVersions(method, target, base) }

  const caller = await authenticate(request, gate)
  if (caller === undefined) {
    throw new ImageFault('caller.unknown', 'The request you have made requires authentication.', {
      'www-authenticate': `Keystone uri="${endpointUrl(base, gate.identity)}/v3"`,
    })
  }
  const match = target.endsInSlash ? NO_ROUTE : findRoute(method, path)
  if (match.kind === 'none') throw unknownPath(path)
  if (match.kind === 'method') throw methodFault(method, match.allow)
  const { operation, route } = match
  const { body, policy } = demandsOf(operation)
  if (body === 'refused' && hasBody(method, request.headers)) {
    throw new ImageFault('body.refused', 'A body is not expected with this request.')
  }
  if (policy !== undefined && !caller.mayWrite) throw notAuthorized(policy)
  const parameter = (name: string) => path[route.path.indexOf(name)] ?? ''
  const viewer = { project: caller.projectId, isAdmin: caller.isAdmin }
  const { query } = target
  const [id, name] = [parameter(':id'), parameter(':name')]
  const call = { operation, id, name, query, base, caller, viewer }
  return { kind: 'call', call }
}

/** What a request asks for that was answered before it became a call; see `Face.operationOf`. */
export function operationAt({ method, originalUrl }: FastifyRequest): string {
  const target = originalUrl === '*' ? ASTERISK : readTarget(originalUrl)
  if (target === undefined) return 'unknown'
  if (method === 'OPTIONS') return 'options'
  const [first = '', ...path] = target.segments
  if (!PREFIXES.has(first)) {
    if (linkedImage(target.segments) !== undefined) return 'redirect_to_image'
    return first === '' || first === 'versions' ? 'show_versions' : 'unknown'
  }
  const match = target.endsInSlash ? NO_ROUTE : findRoute(method, path)
  if (match.kind === 'operation') return match.operation
  return match.kind === 'method' ? 'other' : 'unknown'
}

function unknownPath(path: readonly string[]): ImageFault {
  const why = whyLeftOut(path)
  return why === undefined
    ? new ImageFault('route.not_found', 'The resource could not be found.')
    : new ImageFault('route.left_out', why)
}

const ASTERISK: Target = { segments: [], endsInSlash: false, query: '' }
const NO_ROUTE = { kind: 'none' } as const

function methodFault(method: string, allow: string): ImageFault {
  const message = said`The method ${method} is not allowed for this resource.`
  return new ImageFault('route.method', message, { allow })
}

/**
 * The list of versions for any path, as in glance/api/middleware/version_negotiation.py; but the
 * path in Compute's `alternate` links redirects to the image.
 */
function outsideVersions(method: string, { segments }: Target, base: string): Answer {
  const id = linkedImage(segments)
  if (id !== undefined) {
    if (method !== 'GET' && method !== 'HEAD') throw methodFault(method, PUBLIC_ALLOW)
    const location = `${base}/v2/images/${encodeURIComponent(id)}`
    return { status: 307, headers: { location }, body: '' }
  }
  return {
    status: segments[0] === 'versions' ? 200 : 300,
    headers: { 'content-type': 'application/json' },
    body: printVersions(base),
  }
}

/** Nova's project_id_regex default, so that `/v1/images/ID` is not taken for such a link. */
const PROJECT_ID = /^[0-9a-f-]+$/

/** The id in `/images/ID` or `/PROJECT/images/ID`. */
function linkedImage(segments: readonly string[]): string | undefined {
  const [project, ...path] = segments
  const [images, id, ...more] = project !== undefined && PROJECT_ID.test(project) ? path : segments
  return images === 'images' && more.length === 0 ? id : undefined
}
