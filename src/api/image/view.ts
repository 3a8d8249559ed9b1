import { writeDocument } from '../../image/document.ts'
import type { Image } from '../../image/image.ts'
import { formEncodeAll } from '../form-encode.ts'
import type { ListRequest } from './query.ts'
import { isInSchema } from './schemas.ts'

/** Images as the Image API prints them. Mirrors glance/api/v2/images.py (ResponseSerializer). */

/** Kept by Glance for itself (_hidden_properties). */
const HIDDEN_PROPERTY = 'os_glance_stage_host'

/** One image; its members have an address of their own. */
export function printImage(image: Image): string {
  const path = `/v2/images/${image.id}`
  const properties = new Map(image.properties)
  properties.delete(HIDDEN_PROPERTY)
  for (const [key, value] of properties) {
    // Mirrors glance/schema.py (Schema.filter).
    if (value === null && !isInSchema(key)) properties.set(key, '')
  }
  return JSON.stringify({
    ...writeDocument({ ...image, properties, members: [] }),
    self: path,
    file: `${path}/file`,
    schema: '/v2/schemas/image',
  })
}

/** A page; `next` is there only when there is more. */
export function printList(
  images: readonly Image[],
  { parameters }: ListRequest,
  hasMore: boolean,
): string {
  const last = images.at(-1)
  const fields = [
    `"images":[${images.map(printImage).join(',')}]`,
    `"first":${JSON.stringify(listPath(parameters))}`,
    '"schema":"/v2/schemas/images"',
  ]
  if (hasMore && last !== undefined) {
    fields.push(`"next":${JSON.stringify(listPath([...parameters, ['marker', last.id]]))}`)
  }
  return `{${fields.join(',')}}`
}

function listPath(parameters: Iterable<readonly [string, string]>): string {
  const query = formEncodeAll(parameters)
  return query === '' ? '/v2/images' : `/v2/images?${query}`
}
