import { DOMAIN } from '../../identity/token-service.ts'
import { type Answer, adminOf, type Call, callerOf, ok } from './call.ts'
import { forbidden, notFound } from './faults.ts'
import { filtered } from './filters.ts'
import { collection, domainView, projectView, roleView, tenantView, userView } from './view.ts'

/** Filters that every collection has where its items have the field. */
const FILTERS = ['name', 'domain_id', 'enabled']

export async function listOwnProjects(call: Call): Promise<Answer> {
  const { userId } = await callerOf(call)
  const projects = await call.users.projectsOf(userId)
  const views = projects.map((project) => projectView(project, call.endpoints))
  return ok(
    collection('projects', filtered(views, call.query, FILTERS), 'auth/projects', call.endpoints),
  )
}

/** There are no roles on domains or on the system, so these lists are always empty. */
export async function listOwnDomains(call: Call): Promise<Answer> {
  await callerOf(call)
  return ok(collection('domains', [], 'auth/domains', call.endpoints))
}

export async function listOwnSystems(call: Call): Promise<Answer> {
  await callerOf(call)
  return ok({ system: [], links: { self: `${call.endpoints.identity}/v3/auth/system` } })
}

export async function listProjects(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_projects')
  const projects = await call.users.projects()
  const views = projects.map((project) => projectView(project, call.endpoints))
  return ok(
    collection('projects', filtered(views, call.query, FILTERS), 'projects', call.endpoints),
  )
}

export async function showProject(call: Call): Promise<Answer> {
  const caller = await callerOf(call)
  if (!caller.isAdmin && caller.projectId !== call.id) throw forbidden('identity:get_project')
  const project = await call.users.project(call.id)
  if (project === undefined) throw notFound('project', call.id)
  return ok({ project: projectView(project, call.endpoints) })
}

export async function listUsers(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_users')
  const users = await call.users.users()
  const views = users.map((user) => userView(user, call.endpoints))
  return ok(collection('users', filtered(views, call.query, FILTERS), 'users', call.endpoints))
}

export async function showUser(call: Call): Promise<Answer> {
  const user = await userAskedFor(call, 'identity:get_user')
  return ok({ user: userView(user, call.endpoints) })
}

export async function listUserProjects(call: Call): Promise<Answer> {
  const user = await userAskedFor(call, 'identity:list_user_projects')
  const projects = await call.users.projectsOf(user.id)
  const views = projects.map((project) => projectView(project, call.endpoints))
  const path = `users/${user.id}/projects`
  return ok(collection('projects', filtered(views, call.query, FILTERS), path, call.endpoints))
}

export async function listRoles(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_roles')
  const roles = await call.users.roles()
  const views = roles.map((role) => roleView(role, call.endpoints))
  return ok(collection('roles', filtered(views, call.query, FILTERS), 'roles', call.endpoints))
}

export async function showRole(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:get_role')
  const role = (await call.users.roles()).find(({ id }) => id === call.id)
  if (role === undefined) throw notFound('role', call.id)
  return ok({ role: roleView(role, call.endpoints) })
}

export async function listDomains(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_domains')
  const views = [domainView(call.endpoints)]
  return ok(collection('domains', filtered(views, call.query, FILTERS), 'domains', call.endpoints))
}

export async function showDomain(call: Call): Promise<Answer> {
  await callerOf(call)
  if (call.id !== DOMAIN.id) throw notFound('domain', call.id)
  return ok({ domain: domainView(call.endpoints) })
}

/** `GET /v2.0/tenants`: the caller's own. */
export async function listTenants(call: Call): Promise<Answer> {
  const { userId } = await callerOf(call)
  const projects = await call.users.projectsOf(userId)
  return ok({ tenants: projects.map(tenantView), tenants_links: [] })
}

/** One's own user, or any for an admin. */
async function userAskedFor(call: Call, action: string) {
  const caller = await callerOf(call)
  if (!caller.isAdmin && caller.userId !== call.id) throw forbidden(action)
  const user = await call.users.user(call.id)
  if (user === undefined) throw notFound('user', call.id)
  return user
}
