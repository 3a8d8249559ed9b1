import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { clientProgramOf } from '../../callers/client-family.ts'
import { type DeprecationPolicy, isEnded, isRefused, NO_POLICY } from '../../deprecation/policy.ts'
import type { Caller } from '../../identity/identity.ts'
import { type Endpoint, endpointUrl } from '../face/endpoints.ts'
import { authenticate, tokenOf } from '../request/authenticate.ts'
import { type BaseUrlPolicy, resolveBaseUrl } from '../request/base-url.ts'
import { said } from '../request/said.ts'
import { readTarget, type Target } from '../request/target.ts'
import { contentTypeFor } from './accept.ts'
import { RequestAsker } from './asker.ts'
import type { Call } from './call.ts'
import { answerCallers, CALLERS_PATH, type CallersDependencies } from './callers.ts'
import { PAGE_PATH } from './deprecation-headers.ts'
import { deprecationNotice, printPage } from './deprecation-page.ts'
import { ComputeFault } from './faults.ts'
import { checkContentType } from './metadata-body.ts'
import { allowedAt, findRoute, type Operation, splitPath } from './routes.ts'
import { printChoices, printVersionDocument, printVersionList } from './version-documents.ts'
import {
  compareVersions,
  type Microversion,
  type Prefix,
  readMicroversion,
  versionHeaders,
} from './versions.ts'

/**
 * The checks every request goes through before its operation runs, in the contract's order: parse,
 * OPTIONS and version documents, 401, route, microversion, project, media type.
 */

export interface Gate extends CallersDependencies {
  readonly baseUrl: BaseUrlPolicy
  /** 'of_caller': as the catalogue of the caller's own token has it. */
  readonly image: Endpoint | 'of_caller'
  readonly identity: Endpoint | 'unknown'
  /** The operator's policy on the end of these calls, read for each call; none by default. */
  readonly deprecation?: () => DeprecationPolicy
  /** Serve every advertised microversion; by default 404 above 2.35 (metadata: 2.38), as Nova. */
  readonly isServedAboveMicroversion?: boolean
}

/** What becomes of a request: an answer at once, or a call to carry out. */
export type Admission =
  | { readonly kind: 'options'; readonly allow: string }
  | {
      readonly kind: 'document'
      readonly status: 200 | 300
      readonly body: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly kind: 'unauthorized'; readonly keystone: string | undefined }
  | {
      readonly kind: 'call'
      readonly call: Call
      readonly headers: Readonly<Record<string, string>>
    }

/** No cache on the way may give an answer to another caller. */
export const AUTHENTICATED = { 'cache-control': 'private, no-cache' }

/**
 * The refusal of a known call still names the version that answered, and what replaces the call.
 */
export class RefusedCall extends Error {
  override readonly name = 'RefusedCall'
  readonly fault: ComputeFault
  readonly call: Call
  readonly headers: Readonly<Record<string, string>>

  constructor(fault: ComputeFault, call: Call, headers: Readonly<Record<string, string>>) {
    super(fault.message)
    this.fault = fault
    this.call = call
    this.headers = headers
  }
}

/** @throws ComputeFault, RefusedCall, IdentityUnavailable, CallerThrottled */
export async function admit(
  request: FastifyRequest,
  response: ServerResponse,
  gate: Gate,
): Promise<Admission> {
  const { method } = request
  const target = request.originalUrl === '*' ? ASTERISK : readTarget(request.originalUrl)
  if (target === undefined) {
    throw new ComputeFault('request.malformed', 'The path is not valid percent-encoded UTF-8.')
  }
  const base = resolveBaseUrl(request, gate.baseUrl)
  if (base === undefined) throw badHost()
  const [first, ...rest] = target.segments
  const { project, path } = splitPath(rest)
  const ownPath = target.endsInSlash ? undefined : `/${target.segments.join('/')}`
  if (ownPath === PAGE_PATH) return deprecationPage(request, base, gate)
  if (ownPath === CALLERS_PATH && method !== 'OPTIONS') {
    return callersDocument(request, target, base, gate)
  }
  if (method === 'OPTIONS') return { kind: 'options', allow: allowedAt(path) }
  if (first !== 'v2' && first !== 'v2.1') return rootDocument(request, target, base)
  if (rest.length === 0) return versionDocument(request, base, first)

  const caller = await authenticate(request, gate)
  if (caller === undefined) {
    return { kind: 'unauthorized', keystone: keystoneOf(base, gate) }
  }
  const about = versionAskedFor(method, project, path, target)
  if (about !== undefined) {
    checkProject(project, caller)
    return versionDocument(request, base, first, about)
  }
  const match = target.endsInSlash ? NO_ROUTE : findRoute(method, path)
  if (match.kind === 'none') {
    throw new ComputeFault('route.not_found', 'The resource could not be found.')
  }
  if (match.kind === 'method') {
    throw new ComputeFault('route.method', said`The method ${method} is not allowed here.`, {
      allow: match.allow,
    })
  }
  const call: Call = {
    operation: match.operation,
    id: path[1] ?? '',
    key: path[3] ?? '',
    prefix: first,
    query: target.query,
    base,
    imageBase: imageBaseOf(base, caller, gate),
    project,
    caller,
    viewer: { project: caller.projectId, isAdmin: caller.isAdmin },
    asker: new RequestAsker(request, response, tokenOf(request), caller),
    contentType: contentTypeFor(request.headers.accept),
    isHead: method === 'HEAD',
  }
  let headers: Readonly<Record<string, string>> = {}
  try {
    const version = first === 'v2' ? undefined : readMicroversion(request.headers)
    if (version !== undefined) headers = versionHeaders(version)
    checkMicroversion(version, match.route.until, gate)
    checkProject(project, caller)
    checkEnd(call, request, gate)
    checkRole(call)
    checkContentType(request.headers['content-type'])
  } catch (error) {
    throw error instanceof ComputeFault ? new RefusedCall(error, call, headers) : error
  }
  return { kind: 'call', call, headers }
}

/** What a request asks for that was answered before it became a call; see `Face.operationOf`. */
export function operationAt({ method, originalUrl }: FastifyRequest): string {
  const target = originalUrl === '*' ? ASTERISK : readTarget(originalUrl)
  if (target === undefined) return 'unknown'
  const [first, ...rest] = target.segments
  const { project, path } = splitPath(rest)
  const ownPath = target.endsInSlash ? undefined : `/${target.segments.join('/')}`
  if (method === 'OPTIONS') return 'options'
  if (ownPath === PAGE_PATH) return 'show_deprecation'
  if (ownPath === CALLERS_PATH) return 'list_callers'
  if (first === undefined) return 'show_versions'
  if (first !== 'v2' && first !== 'v2.1') return 'unknown'
  const isVersion = rest.length === 0 || versionAskedFor(method, project, path, target)
  if (isVersion) return 'show_version'
  const match = target.endsInSlash ? NO_ROUTE : findRoute(method, path)
  if (match.kind === 'operation') return match.operation
  return match.kind === 'method' ? 'other' : 'unknown'
}

export function badHost(): ComputeFault {
  return new ComputeFault('request.host', 'The Host header is missing, repeated or malformed.')
}

/** Where to sign in, as a 401 says it. */
export function keystoneOf(base: string, { identity }: Gate): string | undefined {
  return identity === 'unknown' ? undefined : `${endpointUrl(base, identity)}/v3`
}

function imageBaseOf(base: string, caller: Caller, { image }: Gate): string | undefined {
  return image === 'of_caller' ? caller.imageUrl : endpointUrl(base, image)
}

const ASTERISK: Target = { segments: [], endsInSlash: false, query: '' }
const NO_ROUTE = { kind: 'none' } as const

/** No token is needed, and any method will do, as in Nova's urlmap. */
function rootDocument(request: FastifyRequest, target: Target, base: string): Admission {
  if (target.segments.length > 0) {
    const path = `/${target.segments.map(encodeURIComponent).join('/')}`
    const headers = { 'content-type': 'application/json' }
    return { kind: 'document', status: 300, body: printChoices(base, path), headers }
  }
  const version = acceptedVersion(request.headers.accept)
  if (version !== undefined) return versionDocument(request, base, version)
  const headers = { 'content-type': 'application/json' }
  return { kind: 'document', status: 200, body: printVersionList(base), headers }
}

/**
 * `/v2.1/{project}/` shows the version that the path begins with, `/v2.1/versions/v2.0` the one it
 * names. Mirrors nova/api/openstack/compute/routes.py.
 */
function versionAskedFor(
  method: string,
  project: string | undefined,
  path: readonly string[],
  { segments: [first], endsInSlash }: Target,
): Prefix | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  if (endsInSlash) {
    return project !== undefined && path.length === 0 ? (first as Prefix) : undefined
  }
  const [versions, id, ...more] = path
  if (versions !== 'versions' || more.length > 0) return undefined
  if (id !== 'v2.0' && id !== 'v2.1') return undefined
  return first === 'v2.1' && id === 'v2.1' ? 'v2.1' : 'v2'
}

/** @param about the version that is described; by default the one that the path begins with */
function versionDocument(
  request: FastifyRequest,
  base: string,
  prefix: Prefix,
  about: Prefix = prefix,
): Admission {
  const headers = {
    'content-type': contentTypeFor(request.headers.accept),
    ...(prefix === 'v2' ? {} : versionHeaders(readMicroversion(request.headers))),
  }
  return { kind: 'document', status: 200, body: printVersionDocument(base, about), headers }
}

async function callersDocument(
  request: FastifyRequest,
  { query }: Target,
  base: string,
  gate: Gate,
): Promise<Admission> {
  const body = await answerCallers(request, query, base, gate)
  if (body === undefined) return { kind: 'unauthorized', keystone: keystoneOf(base, gate) }
  const headers = { 'content-type': 'application/json', vary: 'X-Auth-Token', ...AUTHENTICATED }
  return { kind: 'document', status: 200, body, headers }
}

/** No token is needed. */
function deprecationPage({ method, headers }: FastifyRequest, base: string, gate: Gate): Admission {
  const allow = 'GET, HEAD, OPTIONS'
  if (method === 'OPTIONS') return { kind: 'options', allow }
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ComputeFault('route.method', said`The method ${method} is not allowed here.`, {
      allow,
    })
  }
  const imageBase = gate.image === 'of_caller' ? undefined : endpointUrl(base, gate.image)
  const notice = deprecationNotice(gate.deprecation?.() ?? NO_POLICY, imageBase, Date.now())
  const asJson = headers.accept?.includes('application/json') === true
  return {
    kind: 'document',
    status: 200,
    body: asJson ? JSON.stringify(notice) : printPage(notice),
    headers: {
      'content-type': asJson ? 'application/json' : 'text/html; charset=UTF-8',
      vary: 'Accept',
    },
  }
}

/** `Accept: application/vnd.openstack.compute+json;version=2.1` on `/` asks for that document. */
function acceptedVersion(accept: string | undefined): Prefix | undefined {
  const m = /application\/vnd\.openstack\.compute\+json\s*;\s*version=(2(?:\.1)?)\b/.exec(
    accept ?? '',
  )
  if (m === null) return undefined
  return m[1] === '2.1' ? 'v2.1' : 'v2'
}

function checkMicroversion(
  version: Microversion | undefined,
  until: Microversion,
  { isServedAboveMicroversion = false }: Gate,
): void {
  if (version === undefined || isServedAboveMicroversion) return
  if (compareVersions(version, until) > 0) {
    throw new ComputeFault('version.gone', 'The resource could not be found.')
  }
}

/** Whether these calls have ended for a caller: after the sunset, and in a brownout before it. */
export function isEndedFor(
  { projectId }: Caller,
  userAgent: string | undefined,
  { deprecation }: Pick<Gate, 'deprecation'>,
): boolean {
  const policy = deprecation?.() ?? NO_POLICY
  const now = Date.now()
  if (!isEnded(policy, now)) return false
  return isRefused(policy, now, projectId, clientProgramOf(userAgent).family)
}

function checkEnd({ caller }: Call, { headers }: FastifyRequest, gate: Gate): void {
  if (!isEndedFor(caller, headers['user-agent'], gate)) return
  throw new ComputeFault(
    'api.gone',
    "This API has ended. The Image service's own API replaces it; the Link header says how.",
  )
}

/**
 * The project in the URL must be the token's, for admin too; if the token's project is unknown, any
 * is accepted.
 */
function checkProject(project: string | undefined, caller: Caller): void {
  if (project === undefined || project === caller.projectId || caller.isUnchecked === true) return
  const whose =
    caller.projectId === null
      ? 'is given, but the token is not for a project'
      : said`'${project}' doesn't match Context's project_id '${caller.projectId}'`
  throw new ComputeFault('project.mismatch', said`Malformed request URL: URL's project_id ${whose}`)
}

const READING: ReadonlySet<Operation> = new Set<Operation>([
  'list_images',
  'list_images_detail',
  'show_image',
  'show_metadata',
  'show_metadata_item',
])

function checkRole({ operation, caller }: Call): void {
  if (caller.mayWrite || READING.has(operation)) return
  throw new ComputeFault('role.reader', 'The role of this token may read images, not change them.')
}
