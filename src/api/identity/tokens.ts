import { type Answer, type Call, callerOf, ok, signIn, subjectOf } from './call.ts'
import { catalog } from './catalog.ts'
import { KeystoneFault } from './faults.ts'
import { readSignIn, readSignInV2 } from './query.ts'
import { accessDocument, tokenDocument } from './view.ts'

const SUBJECT_TOKEN = 'x-subject-token'

/** `POST /v3/auth/tokens`; the token itself is in the header, as in Keystone. */
export async function createToken(call: Call): Promise<Answer> {
  const { request } = call
  const body = readSignIn(request.body, request.headers['content-type'])
  const { token, description } = await signIn(call, body)
  return {
    status: 201,
    body: tokenDocument(description, call.endpoints, wantsCatalog(call)),
    headers: { [SUBJECT_TOKEN]: token },
  }
}

/** `GET /v3/auth/tokens` */
export async function showToken(call: Call): Promise<Answer> {
  const { token, description } = await subjectOf(call, 'identity:validate_token')
  return {
    status: 200,
    body: tokenDocument(description, call.endpoints, wantsCatalog(call)),
    headers: { [SUBJECT_TOKEN]: token },
  }
}

/** `DELETE /v3/auth/tokens` */
export async function revokeToken(call: Call): Promise<Answer> {
  const { token } = await subjectOf(call, 'identity:revoke_token')
  await call.users.revoke(token)
  return { status: 204 }
}

/** `GET /v3/auth/catalog` */
export async function showCatalog(call: Call): Promise<Answer> {
  const { projectId } = await callerOf(call)
  if (projectId === null) {
    const message = 'A project-scoped token is required to produce a service catalog.'
    throw new KeystoneFault(403, message)
  }
  const links = { self: `${call.endpoints.identity}/v3/auth/catalog` }
  return ok({ catalog: catalog(call.endpoints, projectId), links })
}

/** `POST /v2.0/tokens` */
export async function createTokenV2(call: Call): Promise<Answer> {
  const { request, users } = call
  const body = readSignInV2(request.body, request.headers['content-type'])
  const issued = await signIn(call, body)
  const { project } = issued.description
  const tenant = project === null ? undefined : await users.project(project.id)
  return ok(accessDocument(issued, tenant, call.endpoints))
}

/** By name alone, as keystone/api/auth.py: `?nocatalog` and `?nocatalog=0` are the same. */
function wantsCatalog(call: Call): boolean {
  return !call.query.has('nocatalog')
}
