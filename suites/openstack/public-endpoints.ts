import type { Cloud } from './cloud.ts'

type Kind = 'compute' | 'image'

interface Service {
  readonly id: string
  readonly type: string
}

interface Endpoint {
  readonly id: string
  readonly service_id: string
  readonly url: string
}

/**
 * Lets the service catalogue name other public endpoints, as an operator does to put a proxy in
 * front of a service. @returns a function that restores the former ones
 */
export async function switchPublicEndpoints(
  cloud: Cloud,
  urls: Readonly<Partial<Record<Kind, string>>>,
): Promise<AsyncDisposable> {
  const token = await cloud.token('admin', 'admin')
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${cloud.keystoneUrl}/v3${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Auth-Token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    return await response.json()
  }
  const { services } = (await call('GET', '/services')) as { services: readonly Service[] }
  const before: Endpoint[] = []
  for (const [kind, url] of Object.entries(urls)) {
    const service = services.find(({ type }) => type === kind)
    const found = await call('GET', `/endpoints?interface=public&service_id=${service?.id}`)
    const [endpoint] = (found as { endpoints: readonly Endpoint[] }).endpoints
    if (endpoint === undefined) throw new Error(`the cloud has no public ${kind} endpoint`)
    before.push(endpoint)
    await call('PATCH', `/endpoints/${endpoint.id}`, { endpoint: { url } })
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const { id, url } of before)
        await call('PATCH', `/endpoints/${id}`, { endpoint: { url } })
    },
  }
}
