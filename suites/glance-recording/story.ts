/** The language that the stories are written in. */

/** Who asks: tokens of these roles, none, or one that is not valid. */
export type Who = 'member' | 'reader' | 'other' | 'admin' | 'none' | 'bad'

export interface Step {
  /** Absent: no other caller. */
  readonly name?: string
  readonly as: Who
  readonly method: string
  /** `{image:LABEL}` is that image's id, which is generated at its first use. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** How `body` is written; absent: UTF-8. */
  readonly bodyEncoding?: 'base64'
  /** The label that the id in the answer gets. */
  readonly captures?: string
  /** Lists are recorded by their images' ids alone unless this is set. */
  readonly isWhole?: boolean
  /** A second passes before it, for what is ordered by times. */
  readonly pauses?: boolean
  /**
   * The request is repeated until the image has this status, since Glance works in the background.
   */
  readonly waitsForStatus?: string
}

/** Requests in order; a story begins without any image. */
export interface Story {
  readonly group: string
  readonly steps: readonly Step[]
}

type Options = Partial<Omit<Step, 'method' | 'path' | 'body'>>

const JSON_TYPE = 'application/json'
export const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'
export const PATCH_TYPE_20 = 'application/openstack-images-v2.0-json-patch'
export const DATA_TYPE = 'application/octet-stream'

export function image(label: string): string {
  return `/v2/images/{image:${label}}`
}

/** A request as it is; JSON is wanted back unless `headers` says otherwise. */
export function send(method: string, path: string, options: Options = {}, body?: string): Step {
  const { headers = {}, as = 'member', ...rest } = options
  return {
    as,
    method,
    path,
    headers: { Accept: JSON_TYPE, ...headers },
    ...(body === undefined ? {} : { body }),
    ...rest,
  }
}

export function get(path: string, options: Options = {}): Step {
  return send('GET', path, options)
}

export function remove(path: string, options: Options = {}): Step {
  return send('DELETE', path, options)
}

function sendJson(method: string, path: string, body: unknown, options: Options): Step {
  const headers = { 'Content-Type': JSON_TYPE, ...options.headers }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return send(method, path, { ...options, headers }, text)
}

/** @param body a string goes as it is. */
export function post(path: string, body: unknown, options: Options = {}): Step {
  return sendJson('POST', path, body, options)
}

/** @param body a string goes as it is. */
export function put(path: string, body: unknown, options: Options = {}): Step {
  return sendJson('PUT', path, body, options)
}

/** Makes an image under a label. */
export function make(
  label: string,
  fields: Readonly<Record<string, unknown>> = {},
  options: Options = {},
): Step {
  return post('/v2/images', { id: `{image:${label}}`, ...fields }, options)
}

/** @param operations a string goes as it is. */
export function patch(label: string, operations: unknown, options: Options = {}): Step {
  const headers = { 'Content-Type': PATCH_TYPE, ...options.headers }
  return sendJson('PATCH', image(label), operations, { ...options, headers })
}

export function upload(label: string, data: string, options: Options = {}): Step {
  const headers = { 'Content-Type': DATA_TYPE, ...options.headers }
  return send('PUT', `${image(label)}/file`, { ...options, headers }, data)
}

export function download(label: string, options: Options = {}): Step {
  return get(`${image(label)}/file`, { ...options, headers: { Accept: '*/*', ...options.headers } })
}

/** An active image of a few bytes, in two requests. */
export function makeActive(
  label: string,
  fields: Readonly<Record<string, unknown>> = {},
  options: Options = {},
): readonly Step[] {
  const formats = { disk_format: 'raw', container_format: 'bare' }
  return [
    make(label, { ...formats, ...fields }, options),
    upload(label, `data of ${label}`, options),
  ]
}
