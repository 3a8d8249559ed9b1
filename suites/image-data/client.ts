import { randomUUID } from 'node:crypto'

/** Requests to a server to which every caller is a member. */

const BYTES = { 'content-type': 'application/octet-stream' }

export async function request(
  port: number,
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer> | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/v2/images${path}`, {
    method,
    headers: { 'x-auth-token': 'any', ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

/** @returns the id */
export async function create(
  port: number,
  diskFormat = 'raw',
  id: string = randomUUID(),
): Promise<string> {
  const fields = { id, name: 'an image', disk_format: diskFormat, container_format: 'bare' }
  const { status } = await request(port, 'POST', '', JSON.stringify(fields), {
    'content-type': 'application/json',
  })
  if (status !== 201) throw new Error(`an image was not made: ${status}`)
  return id
}

/** @returns the status */
export async function send(
  port: number,
  id: string,
  what: 'file' | 'stage',
  bytes: Uint8Array<ArrayBuffer>,
): Promise<number> {
  const response = await request(port, 'PUT', `/${id}/${what}`, bytes, BYTES)
  await response.arrayBuffer()
  return response.status
}

export async function importStaged(port: number, id: string): Promise<number> {
  const body = JSON.stringify({ method: { name: 'glance-direct' } })
  const response = await request(port, 'POST', `/${id}/import`, body, {
    'content-type': 'application/json',
  })
  await response.arrayBuffer()
  return response.status
}
