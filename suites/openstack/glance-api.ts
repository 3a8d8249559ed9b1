/** Glance's API as the suites need it to set things up. */
export interface GlanceApi {
  call(method: string, path: string, token: string, body?: object | Uint8Array): Promise<Json>
  patch(id: string, token: string, path: string, value: unknown): Promise<void>
}

type Json = Readonly<Record<string, unknown>>

const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

export function glanceApi(glanceUrl: string): GlanceApi {
  const send = async (
    method: string,
    path: string,
    token: string,
    type: string,
    body?: string | Buffer<ArrayBuffer>,
  ): Promise<Json> => {
    const response = await fetch(`${glanceUrl}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': token, ...(body === undefined ? {} : { 'Content-Type': type }) },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    if (!response.ok) {
      throw new Error(`Glance: ${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
    }
    return text.startsWith('{') ? JSON.parse(text) : {}
  }
  return {
    call: (method, path, token, body) =>
      body instanceof Uint8Array
        ? send(method, path, token, 'application/octet-stream', Buffer.from(body))
        : send(method, path, token, 'application/json', body && JSON.stringify(body)),
    patch: async (id, token, path, value) => {
      const changes = JSON.stringify([{ op: 'replace', path, value }])
      await send('PATCH', `/images/${id}`, token, PATCH_TYPE, changes)
    },
  }
}

/** Deletes every image, whoever owns it. */
export async function deleteAllImages(glanceUrl: string, adminToken: string): Promise<void> {
  const glance = glanceApi(glanceUrl)
  for (const hidden of ['false', 'true']) {
    for (;;) {
      const query = `limit=1000&visibility=all&os_hidden=${hidden}`
      const { images } = await glance.call('GET', `/images?${query}`, adminToken)
      const found = images as readonly { readonly id: string; readonly protected: boolean }[]
      if (found.length === 0) break
      for (const image of found) {
        if (image.protected) await glance.patch(image.id, adminToken, '/protected', false)
        await glance.call('DELETE', `/images/${image.id}`, adminToken)
      }
    }
  }
}
