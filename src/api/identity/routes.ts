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

export interface Route {
  /** `:id` takes any one segment. */
  readonly path: string
  readonly handlers: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>
  /** Has no secrets: may be kept by a cache. */
  readonly isPublic?: boolean
  /**
   * Never compressed: a v2.0 answer holds a token beside names that the caller chose, and the length
   * of what is compressed tells how much of the one is found in the other.
   */
  readonly isAboutToken?: boolean
}

const ROUTES: readonly Route[] = [
  {
    path: '',
    handlers: { GET: ({ endpoints }) => ({ status: 300, body: versionList(endpoints) }) },
    isPublic: true,
  },
  {
    path: 'v3',
    handlers: {
      GET: ({ endpoints }) => ({ status: 200, body: { version: versionThree(endpoints) } }),
    },
    isPublic: true,
  },
  {
    path: 'v2.0',
    handlers: {
      GET: ({ endpoints }) => ({ status: 200, body: { version: versionTwo(endpoints) } }),
    },
    isPublic: true,
  },
  {
    path: 'v3/auth/tokens',
    handlers: { GET: showToken, POST: createToken, DELETE: revokeToken },
    isAboutToken: true,
  },
  { path: 'v3/auth/catalog', handlers: { GET: showCatalog } },
  { path: 'v3/auth/projects', handlers: { GET: listOwnProjects } },
  { path: 'v3/auth/domains', handlers: { GET: listOwnDomains } },
  { path: 'v3/auth/system', handlers: { GET: listOwnSystems } },
  { path: 'v3/projects', handlers: { GET: listProjects } },
  { path: 'v3/projects/:id', handlers: { GET: showProject } },
  { path: 'v3/users', handlers: { GET: listUsers } },
  { path: 'v3/users/:id', handlers: { GET: showUser } },
  { path: 'v3/users/:id/projects', handlers: { GET: listUserProjects } },
  { path: 'v3/roles', handlers: { GET: listRoles } },
  { path: 'v3/roles/:id', handlers: { GET: showRole } },
  { path: 'v3/role_assignments', handlers: { GET: listRoleAssignments } },
  { path: 'v3/services', handlers: { GET: listServices } },
  { path: 'v3/services/:id', handlers: { GET: showService } },
  { path: 'v3/endpoints', handlers: { GET: listEndpoints } },
  { path: 'v3/endpoints/:id', handlers: { GET: showEndpoint } },
  { path: 'v3/regions', handlers: { GET: listRegions } },
  { path: 'v3/regions/:id', handlers: { GET: showRegion } },
  { path: 'v3/domains', handlers: { GET: listDomains } },
  { path: 'v3/domains/:id', handlers: { GET: showDomain } },
  { path: 'v2.0/tokens', handlers: { POST: createTokenV2 }, isAboutToken: true },
  { path: 'v2.0/tenants', handlers: { GET: listTenants } },
]

/** @throws KeystoneFault 404 */
export function findRoute(segments: readonly string[]): {
  readonly route: Route
  readonly id: string
} {
  for (const route of ROUTES) {
    const parts = route.path === '' ? [] : route.path.split('/')
    if (parts.length !== segments.length) continue
    if (!parts.every((part, index) => part === ':id' || part === segments[index])) continue
    return { route, id: segments[parts.indexOf(':id')] ?? '' }
  }
  throw new KeystoneFault(404, 'The resource could not be found.')
}

/** @throws KeystoneFault 405 */
export function handlerOf(route: Route, method: string): Handler {
  const asked = method === 'HEAD' ? 'GET' : method
  const found = Object.entries(route.handlers).find(([name]) => name === asked)
  if (found !== undefined) return found[1]
  const message = 'The method is not allowed for the requested URL.'
  throw new KeystoneFault(405, message, { allow: allowedBy(route) })
}

export function allowedBy(route: Route): string {
  const methods = Object.keys(route.handlers).flatMap((method) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
  return [...methods, 'OPTIONS'].join(', ')
}
