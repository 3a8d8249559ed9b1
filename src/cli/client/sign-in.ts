import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileTroubleOf } from '../../file-trouble/file-trouble.ts'
import { CommandFailure } from '../failure.ts'
import type { Cloud, Credentials } from './cloud.ts'
import { ask, faultMessage, isObject } from './http.ts'

export interface Session {
  readonly token: string
  /** Base of the service: of Compute with the version, of Image without; no slash at its end. */
  readonly url: string
}

/** Signs in (Keystone v3) and finds the service's endpoint. @throws CommandFailure */
export async function signIn(
  cloud: Cloud,
  service: 'compute' | 'image',
  stop: AbortSignal,
): Promise<Session> {
  const base = service === 'compute' ? computeBase : imageBase
  const given = service === 'compute' ? cloud.endpoint : cloud.imageEndpoint
  if (cloud.authUrl === undefined && cloud.credentials.method === 'token') {
    return { token: cloud.credentials.token, url: base(given ?? cloud.endpoint ?? '') }
  }
  const { token, document } = await authenticate(cloud, stop)
  return { token, url: base(given ?? findEndpoint(cloud, document, service)) }
}

/** A token, and the document that describes it. */
export async function authenticate(
  cloud: Cloud,
  stop: AbortSignal,
): Promise<{ token: string; document: Readonly<Record<string, unknown>> }> {
  trust(cloud)
  const url = `${identityBase(cloud.authUrl ?? '')}/auth/tokens`
  const answer = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: identityOf(cloud.credentials),
        ...(cloud.scope === undefined ? {} : { scope: cloud.scope }),
      },
    }),
    stop,
  })
  if (answer.status !== 201) {
    throw new CommandFailure(`${url} refused to sign in (${cloud.origin}): ${faultMessage(answer)}`)
  }
  const token = answer.headers.get('x-subject-token')
  const document = isObject(answer.json) ? answer.json['token'] : undefined
  if (token === null || !isObject(document)) {
    throw new CommandFailure(`${url} does not answer as Keystone v3; check auth_url`)
  }
  return { token, document }
}

/** `https://host/identity`, `.../v3` and `.../v2.0` are all given as auth_url. */
function identityBase(authUrl: string): string {
  return `${authUrl.replace(/\/+$/, '').replace(/\/v(2\.0|3)$/, '')}/v3`
}

function identityOf(credentials: Credentials) {
  const { method } = credentials
  switch (credentials.method) {
    case 'password': {
      const { user, password } = credentials
      return { methods: [method], password: { user: { ...user, password } } }
    }
    case 'token':
      return { methods: [method], token: { id: credentials.token } }
    case 'application_credential': {
      const { id, name, user, secret } = credentials
      const which = id === undefined ? { name, user } : { id }
      return { methods: [method], application_credential: { ...which, secret } }
    }
  }
}

/** Adds the cloud's own certificates to those that are trusted anyway. */
function trust({ caFile, origin }: Cloud): void {
  if (caFile === undefined) return
  try {
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')])
  } catch (error) {
    const { message } = fileTroubleOf(error, caFile) ?? new Error(`${caFile}: ${error}`)
    throw new CommandFailure(`${origin}: cacert ${message}`)
  }
}

/** The address of a service in a token's catalogue, in the cloud's region. @throws CommandFailure */
export function findEndpoint(
  cloud: Cloud,
  document: Readonly<Record<string, unknown>>,
  type: 'compute' | 'image',
): string {
  const endpoints = list(document['catalog'])
    .filter((service) => service['type'] === type)
    .flatMap((service) => list(service['endpoints']))
  const mine = endpoints.find(
    (endpoint) =>
      endpoint['interface'] === cloud.interface &&
      (cloud.region === undefined ||
        (endpoint['region_id'] ?? endpoint['region']) === cloud.region),
  )
  if (typeof mine?.['url'] === 'string') return mine['url']
  const where = cloud.region === undefined ? '' : ` in region "${cloud.region}"`
  throw new CommandFailure(
    `${cloud.origin}: the service catalogue has no ${cloud.interface} ${type} endpoint${where}; ` +
      `choose project and region, or give ${type === 'compute' ? '--endpoint' : '--glance-url'} URL`,
  )
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A catalogue may name the service without a version, or with version and project. */
function computeBase(endpoint: string): string {
  const base = checkedBase('compute', endpoint)
  return /\/v2(\.[0-9]+)?(\/[^/]+)?$/.test(base) ? base : `${base}/v2.1`
}

function imageBase(endpoint: string): string {
  return checkedBase('image', endpoint).replace(/\/v2(\.[0-9]+)?$/, '')
}

function checkedBase(service: string, endpoint: string): string {
  const base = endpoint.replace(/\/+$/, '')
  if (URL.parse(base) !== null) return base
  throw new CommandFailure(`the ${service} endpoint "${endpoint}" is not a URL`)
}
