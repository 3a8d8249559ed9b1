import type { ApplicationCredential } from '../../identity/application-credentials.ts'
import type { Caller } from '../../identity/identity.ts'
import type { TokenDescription } from '../../identity/token-service.ts'
import { type Answer, type Call, callerOf, describedCaller, ok } from './call.ts'
import type { Endpoints } from './catalog.ts'
import { readNewApplicationCredential } from './credential-query.ts'
import { forbidden, notFound } from './faults.ts'
import { filtered } from './filters.ts'
import { collection, wholeSecond } from './view.ts'

/**
 * `/v3/users/{user_id}/application_credentials`; mirrors keystone/api/users.py, and
 * keystone/common/policies/application_credential.py for who may do what.
 */
export async function listApplicationCredentials(call: Call): Promise<Answer> {
  refuseStranger(await callerOf(call), call.id, 'identity:list_application_credentials')
  const { users, query, endpoints } = call
  const credentials = await users.applicationCredentials.list(call.id)
  const views = filtered(
    credentials.map((credential) => view(credential, endpoints)),
    query,
    ['name'],
  )
  const path = `users/${call.id}/application_credentials`
  return ok(collection('application_credentials', views, path, endpoints))
}

export async function createApplicationCredential(call: Call): Promise<Answer> {
  const { request, users, endpoints } = call
  const { token, description } = await describedCaller(call)
  if (description.user.id !== call.id || description.project === null) {
    throw forbidden('identity:create_application_credential')
  }
  const asked = readNewApplicationCredential(request.body, request.headers['content-type'])
  refuseRestricted(description)
  const { credential, secret } = await users.applicationCredentials.create(token, asked)
  return {
    status: 201,
    body: { application_credential: { ...view(credential, endpoints), secret } },
  }
}

/** Keystone shows two fields more of one than of each in a list. */
export async function showApplicationCredential(call: Call): Promise<Answer> {
  const { credential } = await theOne(call, 'identity:get_application_credential')
  const shown = { ...view(credential, call.endpoints), user_id: credential.userId, system: null }
  return ok({ application_credential: shown })
}

export async function deleteApplicationCredential(call: Call): Promise<Answer> {
  const action = 'identity:delete_application_credential'
  const { credential, description } = await theOne(call, action)
  refuseRestricted(description)
  await call.users.applicationCredentials.remove(credential.id)
  return { status: 204 }
}

/** The one asked for, and who asks. */
interface Asked {
  readonly credential: ApplicationCredential
  readonly description: TokenDescription
}

/**
 * Whose it is counts, not which user stands in the path. @throws KeystoneFault 401, 403, 404
 */
async function theOne(call: Call, action: string): Promise<Asked> {
  const { caller, description } = await describedCaller(call)
  const credential = await call.users.applicationCredentials.find(call.credentialId)
  refuseStranger(caller, credential?.userId ?? call.id, action)
  if (credential === undefined) throw notFound('Application Credential', call.credentialId)
  return { credential, description }
}

function refuseStranger(caller: Caller, ownerId: string, action: string): void {
  if (!caller.isAdmin && caller.userId !== ownerId) throw forbidden(action)
}

/** In Keystone's words, which end in two full stops. */
function refuseRestricted({ applicationCredential }: TokenDescription): void {
  if (applicationCredential?.isRestricted !== true) return
  throw forbidden(
    "Using method 'application_credential' is not allowed for managing additional application " +
      'credentials.',
  )
}

function view(credential: ApplicationCredential, { identity }: Endpoints) {
  const { id, name, description, userId, projectId, roles, isUnrestricted } = credential
  const { expiresAtMs } = credential
  return {
    id,
    name,
    description,
    project_id: projectId,
    roles: roles.map((role) => ({ ...role, domain_id: null, description: null, options: {} })),
    unrestricted: isUnrestricted,
    expires_at: expiresAtMs === null ? null : `${wholeSecond(expiresAtMs)}.000000`,
    links: { self: `${identity}/v3/users/${userId}/application_credentials/${id}` },
  }
}
