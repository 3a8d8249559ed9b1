import { DOMAIN, type Named, type RoleAssignment } from '../../identity/token-service.ts'
import { type Answer, adminOf, type Call, ok } from './call.ts'
import type { Endpoints } from './catalog.ts'
import { KeystoneFault } from './faults.ts'
import { isAskedFor } from './filters.ts'
import { collection } from './view.ts'

const INHERITED_TO = 'scope.OS-INHERIT:inherited_to'
/** Filters of which only one of two may be given, and what Keystone says of both. */
const EXCLUSIVE: readonly (readonly [string, string, string])[] = [
  ['scope.domain.id', 'scope.project.id', 'Specify a domain or project, not both'],
  ['scope.domain.id', 'scope.system', 'Specify system or domain, not both'],
  ['scope.project.id', 'scope.system', 'Specify system or project, not both'],
  ['user.id', 'group.id', 'Specify a user or group, not both'],
]

/**
 * `GET /v3/role_assignments`: who has which role on which project; with `effective` also the roles
 * that another one implies. Mirrors keystone/api/role_assignments.py.
 */
export async function listRoleAssignments(call: Call): Promise<Answer> {
  const { query, users, endpoints } = call
  const isTree = isAskedFor(query, 'include_subtree')
  await adminOf(call, `identity:list_role_assignments${isTree ? '_for_tree' : ''}`)
  if (isTree && !query.get('scope.project.id')) {
    const message = 'scope.project.id must be specified if include_subtree is also specified'
    throw new KeystoneFault(400, message)
  }
  refuseContradictions(query)
  const found = canMatch(query) ? await users.roleAssignments() : []
  const isEffective = isAskedFor(query, 'effective')
  const views = found
    .filter(({ impliedBy }) => isEffective || impliedBy === undefined)
    .filter((assignment) => matches(assignment, query))
    .map((assignment) => view(assignment, isAskedFor(query, 'include_names'), endpoints))
  return ok(collection('role_assignments', views, 'role_assignments', endpoints))
}

/** @throws KeystoneFault 400 */
function refuseContradictions(query: URLSearchParams): void {
  for (const [one, other, message] of EXCLUSIVE) {
    if (query.get(one) && query.get(other)) throw new KeystoneFault(400, message)
  }
  if (!isAskedFor(query, 'effective')) return
  if (query.get('group.id')) {
    const message = 'Combining effective and group filter will always result in an empty list.'
    throw new KeystoneFault(400, message)
  }
  if (isInherited(query) && query.get('scope.domain.id')) {
    const message =
      'Combining effective, domain and inherited filters will always result in an empty list.'
    throw new KeystoneFault(400, message)
  }
}

/** There are no groups, no roles on domains or on the system, and none that projects inherit. */
function canMatch(query: URLSearchParams): boolean {
  const absent = ['group.id', 'scope.domain.id', 'scope.system']
  return !isInherited(query) && absent.every((name) => !query.get(name))
}

function isInherited(query: URLSearchParams): boolean {
  return query.get(INHERITED_TO) === 'projects'
}

function matches({ user, project, role }: RoleAssignment, query: URLSearchParams): boolean {
  const asked = [
    ['user.id', user.id],
    ['scope.project.id', project.id],
    ['role.id', role.id],
  ] as const
  return asked.every(([name, id]) => !query.get(name) || query.get(name) === id)
}

function view(assignment: RoleAssignment, withNames: boolean, { identity }: Endpoints) {
  const { user, project, role, impliedBy } = assignment
  const inDomain = ({ id, name }: Named) =>
    withNames ? { id, name, domain: { ...DOMAIN } } : { id }
  const assigned = impliedBy ?? role
  return {
    links: {
      assignment: `${identity}/v3/projects/${project.id}/users/${user.id}/roles/${assigned.id}`,
      ...(impliedBy === undefined
        ? {}
        : { prior_role: `${identity}/v3/prior_role/${role.id}/implies/${impliedBy.id}` }),
    },
    scope: { project: inDomain(project) },
    user: inDomain(user),
    role: withNames ? { id: role.id, name: role.name } : { id: role.id },
  }
}
