import type { CallerDocument } from '../../ledger/document.ts'
import type { CallersQuery } from '../callers/read-files.ts'
import { CommandFailure } from '../failure.ts'
import type { Cloud } from './cloud.ts'
import { ask, faultMessage, isObject } from './http.ts'
import { signIn } from './sign-in.ts'

/** Reads the rows of a running Afterimage as an administrator. @throws CommandFailure */
export async function askCallers(
  cloud: Cloud,
  { since, projectId, client }: CallersQuery,
  stop: AbortSignal,
): Promise<readonly CallerDocument[]> {
  const { token, url: computeUrl } = await signIn(cloud, 'compute', stop)
  const url = `${computeUrl.replace(/\/v2(\.[0-9]+)?(\/[^/]+)?$/, '')}/afterimage/callers`
  const query = new URLSearchParams()
  if (since !== undefined) query.set('since', since)
  if (projectId !== undefined) query.set('project_id', projectId)
  if (client !== undefined) query.set('client', client)
  const found: CallerDocument[] = []
  for (;;) {
    const answer = await ask(`${url}?${query}`, { headers: { 'x-auth-token': token }, stop })
    if (answer.status !== 200) throw new CommandFailure(`${url} answered ${faultMessage(answer)}`)
    const page = isObject(answer.json) ? answer.json['callers'] : undefined
    if (!Array.isArray(page)) {
      throw new CommandFailure(`${url} answered with something that is no list of callers`)
    }
    found.push(...(page as CallerDocument[]))
    const last = found.at(-1)
    if (!isObject(answer.json) || answer.json['callers_links'] === undefined) return found
    if (page.length === 0 || last === undefined) return found
    query.set('marker', String(last.id))
  }
}
