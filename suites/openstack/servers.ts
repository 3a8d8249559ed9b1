import type { Cloud } from './cloud.ts'

/** Nova stores the request to build it: it is listed without a running machine. */
export const SERVER = 'afterimage-suite-server'
export const FLAVOR = 'afterimage-suite-flavor'
/** The first microversion at which a server can be made without a network service. */
const NO_NETWORK_VERSION = '2.37'

/** Makes a server of project demo, unless it is there. */
export async function ensureServer(cloud: Cloud, imageId: string): Promise<void> {
  const call = async (token: string, method: string, path: string, body?: object) => {
    const response = await fetch(`${cloud.novaUrl}/v2.1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'X-Auth-Token': token,
        'X-OpenStack-Nova-API-Version': NO_NETWORK_VERSION,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok && response.status !== 409) {
      throw new Error(`Nova: ${method} ${path}: ${await response.text()}`)
    }
    return (await response.json()) as { servers?: readonly { readonly name: string }[] }
  }
  const demo = await cloud.token('demo', 'demo')
  const { servers = [] } = await call(demo, 'GET', `/servers?name=${SERVER}`)
  if (servers.some(({ name }) => name === SERVER)) return
  const flavor = { id: FLAVOR, name: FLAVOR, ram: 64, vcpus: 1, disk: 1 }
  await call(await cloud.token('admin', 'admin'), 'POST', '/flavors', { flavor })
  const server = { name: SERVER, flavorRef: FLAVOR, imageRef: imageId, networks: 'none' }
  await call(demo, 'POST', '/servers', { server })
}
