import {
  DOMAIN,
  type IssuedToken,
  type Named,
  type Project,
  type TokenDescription,
  type User,
} from '../../identity/token-service.ts'
import { catalog, catalogV2, type Endpoints } from './catalog.ts'

const DOMAIN_REFERENCE = { id: DOMAIN.id, name: DOMAIN.name }

/** Version 3's token document; mirrors keystone/common/render_token.py. */
export function tokenDocument(
  description: TokenDescription,
  endpoints: Endpoints,
  withCatalog: boolean,
) {
  const { user, project, applicationCredential } = description
  return {
    token: {
      methods: description.methods,
      user: { domain: DOMAIN_REFERENCE, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: description.auditIds,
      expires_at: microseconds(description.expiresAtMs),
      issued_at: microseconds(description.issuedAtMs),
      ...(project === null
        ? {}
        : {
            project: { domain: DOMAIN_REFERENCE, id: project.id, name: project.name },
            is_domain: false,
            roles: description.roles,
            ...(withCatalog ? { catalog: catalog(endpoints, project.id) } : {}),
          }),
      ...(applicationCredential === undefined
        ? {}
        : {
            application_credential: {
              id: applicationCredential.id,
              name: applicationCredential.name,
              restricted: applicationCredential.isRestricted,
            },
          }),
    },
  }
}

/** Version 2.0's; `project` is the one that the token is scoped to. */
export function accessDocument(
  { token, description }: IssuedToken,
  project: Project | undefined,
  endpoints: Endpoints,
) {
  const { user, roles } = description
  return {
    access: {
      token: {
        issued_at: microseconds(description.issuedAtMs),
        expires: seconds(description.expiresAtMs),
        id: token,
        ...(project === undefined ? {} : { tenant: tenantView(project) }),
        audit_ids: description.auditIds,
      },
      serviceCatalog: project === undefined ? [] : catalogV2(endpoints, project.id),
      user: {
        username: user.name,
        roles_links: [],
        id: user.id,
        roles: roles.map(({ name }) => ({ name })),
        name: user.name,
      },
      metadata: {
        is_admin: roles.some(({ name }) => name === 'admin') ? 1 : 0,
        roles: roles.map(({ id }) => id),
      },
    },
  }
}

export function tenantView({ id, name, description, enabled }: Project) {
  return { description, enabled, id, name }
}

export function projectView(project: Project, { identity }: Endpoints) {
  return {
    id: project.id,
    name: project.name,
    domain_id: DOMAIN.id,
    description: project.description,
    enabled: project.enabled,
    parent_id: DOMAIN.id,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${identity}/v3/projects/${project.id}` },
  }
}

export function userView(user: User, { identity }: Endpoints) {
  return {
    id: user.id,
    name: user.name,
    domain_id: DOMAIN.id,
    enabled: user.enabled,
    ...(user.defaultProjectId === null ? {} : { default_project_id: user.defaultProjectId }),
    password_expires_at: null,
    options: {},
    links: { self: `${identity}/v3/users/${user.id}` },
  }
}

export function roleView(role: Named, { identity }: Endpoints) {
  return {
    id: role.id,
    name: role.name,
    domain_id: null,
    description: null,
    options: {},
    links: { self: `${identity}/v3/roles/${role.id}` },
  }
}

export function domainView({ identity }: Endpoints) {
  return {
    id: DOMAIN.id,
    name: DOMAIN.name,
    description: 'The default domain',
    enabled: true,
    tags: [],
    options: {},
    links: { self: `${identity}/v3/domains/${DOMAIN.id}` },
  }
}

/** @param path of the collection, as `auth/projects` */
export function collection(
  key: string,
  items: readonly unknown[],
  path: string,
  endpoints: Endpoints,
) {
  const links = { next: null, self: `${endpoints.identity}/v3/${path}`, previous: null }
  return { [key]: items, links }
}

/** Keystone prints whole seconds with six noughts behind. */
function microseconds(unixMs: number): string {
  return `${wholeSecond(unixMs)}.000000Z`
}

function seconds(unixMs: number): string {
  return `${wholeSecond(unixMs)}Z`
}

/** A time up to its seconds, without the zone, which is UTC. */
export function wholeSecond(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19)
}
