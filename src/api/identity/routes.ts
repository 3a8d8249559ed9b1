import {
  createApplicationCredential,
  deleteApplicationCredential,
  listApplicationCredentials,
  showApplicationCredential,
} from './application-credentials.ts'
import type { Answer, Call } from './call.ts'
import {
  listEndpoints,
  listRegions,
  listServices,
  showEndpoint,
  showRegion,
  showService,
} from './catalog-resources.ts'
import { KeystoneFault } from './faults.ts'
import {
  listDomains,
  listOwnDomains,
  listOwnProjects,
  listOwnSystems,
  listProjects,
  listRoles,
  listTenants,
  listUserProjects,
  listUsers,
  showDomain,
  showProject,
  showRole,
  showUser,
} from './resources.ts'
import { listRoleAssignments } from './role-assignments.ts'
import { createToken, createTokenV2, revokeToken, showCatalog, showToken } from './tokens.ts'
import { versionList, versionThree, versionTwo } from './version-documents.ts'

type Handler = (call: Call) => Promise<Answer> | Answer

const HANDLERS = {
  show_versions: ({ endpoints }) => ({ status: 300, body: versionList(endpoints) }),
  show_version: ({ endpoints }) => ({ status: 200, body: { version: versionThree(endpoints) } }),
  show_version_v2: ({ endpoints }) => ({ status: 200, body: { version: versionTwo(endpoints) } }),
  show_token: showToken,
  create_token: createToken,
  revoke_token: revokeToken,
  show_catalog: showCatalog,
  list_own_projects: listOwnProjects,
  list_own_domains: listOwnDomains,
  list_own_systems: listOwnSystems,
  list_projects: listProjects,
  show_project: showProject,
  list_users: listUsers,
  show_user: showUser,
  list_user_projects: listUserProjects,
  list_application_credentials: listApplicationCredentials,
  create_application_credential: createApplicationCredential,
  show_application_credential: showApplicationCredential,
  delete_application_credential: deleteApplicationCredential,
  list_roles: listRoles,
  list_domains: listDomains,
  show_domain: showDomain,
  create_token_v2: createTokenV2,
  list_tenants: listTenants,
  show_role: showRole,
  list_role_assignments: listRoleAssignments,
  list_services: listServices,
  show_service: showService,
  list_endpoints: listEndpoints,
  show_endpoint: showEndpoint,
  list_regions: listRegions,
  show_region: showRegion,
} as const satisfies Readonly<Record<string, Handler>>

type Operation = keyof typeof HANDLERS

export interface Route {
  /** `:id` and `:credential` take any one segment each. */
  readonly path: string
  readonly operations: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Operation>>>
  /** Has no secrets: may be kept by a cache. */
  readonly isPublic?: boolean
  /**
   * Never compressed: its answers hold a token or a secret beside names that the caller chose, and
   * the length of what is compressed tells how much of the one is found in the other.
   */
  readonly holdsSecret?: boolean
}

const ROUTES: readonly Route[] = [
  { path: '', operations: { GET: 'show_versions' }, isPublic: true },
  { path: 'v3', operations: { GET: 'show_version' }, isPublic: true },
  { path: 'v2.0', operations: { GET: 'show_version_v2' }, isPublic: true },
  {
    path: 'v3/auth/tokens',
    operations: { GET: 'show_token', POST: 'create_token', DELETE: 'revoke_token' },
    holdsSecret: true,
  },
  { path: 'v3/auth/catalog', operations: { GET: 'show_catalog' } },
  { path: 'v3/auth/projects', operations: { GET: 'list_own_projects' } },
  { path: 'v3/auth/domains', operations: { GET: 'list_own_domains' } },
  { path: 'v3/auth/system', operations: { GET: 'list_own_systems' } },
  { path: 'v3/projects', operations: { GET: 'list_projects' } },
  { path: 'v3/projects/:id', operations: { GET: 'show_project' } },
  { path: 'v3/users', operations: { GET: 'list_users' } },
  { path: 'v3/users/:id', operations: { GET: 'show_user' } },
  { path: 'v3/users/:id/projects', operations: { GET: 'list_user_projects' } },
  {
    path: 'v3/users/:id/application_credentials',
    operations: { GET: 'list_application_credentials', POST: 'create_application_credential' },
    holdsSecret: true,
  },
  {
    path: 'v3/users/:id/application_credentials/:credential',
    operations: { GET: 'show_application_credential', DELETE: 'delete_application_credential' },
  },
  { path: 'v3/roles', operations: { GET: 'list_roles' } },
  { path: 'v3/roles/:id', operations: { GET: 'show_role' } },
  { path: 'v3/role_assignments', operations: { GET: 'list_role_assignments' } },
  { path: 'v3/services', operations: { GET: 'list_services' } },
  { path: 'v3/services/:id', operations: { GET: 'show_service' } },
  { path: 'v3/endpoints', operations: { GET: 'list_endpoints' } },
  { path: 'v3/endpoints/:id', operations: { GET: 'show_endpoint' } },
  { path: 'v3/regions', operations: { GET: 'list_regions' } },
  { path: 'v3/regions/:id', operations: { GET: 'show_region' } },
  { path: 'v3/domains', operations: { GET: 'list_domains' } },
  { path: 'v3/domains/:id', operations: { GET: 'show_domain' } },
  { path: 'v2.0/tokens', operations: { POST: 'create_token_v2' }, holdsSecret: true },
  { path: 'v2.0/tenants', operations: { GET: 'list_tenants' } },
]

interface FoundRoute {
  readonly route: Route
  readonly id: string
  readonly credentialId: string
}

/** @throws KeystoneFault 404 */
export function findRoute(segments: readonly string[]): FoundRoute {
  const found = routeAt(segments)
  if (found !== undefined) return found
  throw new KeystoneFault(404, 'The resource could not be found.')
}

export function routeAt(segments: readonly string[]): FoundRoute | undefined {
  for (const route of ROUTES) {
    const parts = route.path === '' ? [] : route.path.split('/')
    if (parts.length !== segments.length) continue
    if (!parts.every((part, index) => part.startsWith(':') || part === segments[index])) continue
    const at = (place: string) => segments[parts.indexOf(place)] ?? ''
    return { route, id: at(':id'), credentialId: at(':credential') }
  }
  return undefined
}

/** undefined for a method that the route does not have. */
export function operationOn(route: Route, method: string): Operation | undefined {
  const asked = method === 'HEAD' ? 'GET' : method
  return Object.entries(route.operations).find(([name]) => name === asked)?.[1]
}

/** @throws KeystoneFault 405 */
export function handlerOf(route: Route, method: string): Handler {
  const operation = operationOn(route, method)
  if (operation !== undefined) return HANDLERS[operation]
  const message = 'The method is not allowed for the requested URL.'
  throw new KeystoneFault(405, message, { allow: allowedBy(route) })
}

export function allowedBy(route: Route): string {
  const methods = Object.keys(route.operations).flatMap((method) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
  return [...methods, 'OPTIONS'].join(', ')
}

/** The path of an operation, with `:name` for what varies in it; undefined: it has none. */
export function routeOf(operation: string): string | undefined {
  const route = ROUTES.find(({ operations }) =>
    Object.values<string>(operations).includes(operation),
  )
  return route && `/${route.path}`
}
