import { type Caller, IdentityUnavailable } from '../identity.ts'

/**
 * Who a token document speaks for; mirrors keystone/common/render_token.py and, for what is admin,
 * glance/context.py and oslo_policy/_checks.py (RoleCheck folds case).
 * @param region of the image endpoint; undefined for the first @throws IdentityUnavailable 'invalid'
 */
export function readToken(document: unknown, region: string | undefined): Caller {
  const token = member(document, 'token')
  const userId = member(member(token, 'user'), 'id')
  const expiresAtMs = readTime(member(token, 'expires_at'))
  if (typeof userId !== 'string' || expiresAtMs === undefined) {
    throw unusable('has no user or no expiry')
  }
  const roles = readRoles(member(token, 'roles'))
  const imageUrl = readImageUrl(member(token, 'catalog'), region)
  const userName = member(member(token, 'user'), 'name')
  const isAdmin = roles.some((name) => name.toLowerCase() === 'admin')
  const isProjectAdmin = isAdmin && member(token, 'is_admin_project') === false
  return Object.freeze({
    userId,
    ...(typeof userName === 'string' ? { userName } : {}),
    projectId: readProject(member(token, 'project')),
    roles,
    isAdmin,
    ...(isProjectAdmin ? { isProjectAdmin } : {}),
    // Glance's policy decides.
    mayWrite: true,
    expiresAtMs,
    ...(imageUrl === undefined ? {} : { imageUrl }),
  })
}

/** Tokens for a domain, for the system, and for nothing have no project. */
function readProject(project: unknown): string | null {
  if (project === undefined || project === null) return null
  const id = member(project, 'id')
  if (typeof id !== 'string' || id === '') throw unusable('has a project without an id')
  return id
}

function readRoles(roles: unknown): readonly string[] {
  if (roles === undefined || roles === null) return Object.freeze([])
  if (!Array.isArray(roles)) throw unusable('has roles that are no list')
  const names = roles.map((role: unknown) => {
    const name = member(role, 'name')
    if (typeof name !== 'string') throw unusable('has a role without a name')
    return name
  })
  return Object.freeze(names.toSorted())
}

/** If the catalogue is broken or has none, only the links are missing. */
function readImageUrl(catalog: unknown, region: string | undefined): string | undefined {
  for (const service of list(catalog)) {
    if (member(service, 'type') !== 'image') continue
    for (const endpoint of list(member(service, 'endpoints'))) {
      if (member(endpoint, 'interface') !== 'public') continue
      const regions = [member(endpoint, 'region_id'), member(endpoint, 'region')]
      if (region !== undefined && !regions.includes(region)) continue
      const url = baseOf(member(endpoint, 'url'))
      if (url !== undefined) return url
    }
  }
  return undefined
}

/** Without a version and a slash at the end. */
function baseOf(text: unknown): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const { protocol, origin, pathname } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  return `${origin}${withoutVersion(pathname)}`
}

/** The address of a service from one of its API's: `http://cloud/identity/v3/` is at `http://cloud/identity`. */
export function withoutVersion(url: string): string {
  return url
    .replace(/\/+$/, '')
    .replace(/(\/+v\d+(\.\d+)?)$/, '')
    .replace(/\/+$/, '')
}

function readTime(text: unknown): number | undefined {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function unusable(what: string): IdentityUnavailable {
  return new IdentityUnavailable(`Keystone's token document ${what}`, { kind: 'invalid' })
}
