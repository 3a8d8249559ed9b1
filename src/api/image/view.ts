import { writeDocument } from '../../image/document.ts'
import type { Image, Member } from '../../image/image.ts'
import { printTime } from '../../image/time.ts'
import { formEncodeAll } from '../request/form-encode.ts'
import type { ListRequest } from './query.ts'
import { isInSchema } from './schemas.ts'

/** Images as the Image API prints them. Mirrors glance/api/v2/images.py (ResponseSerializer). */

/** Kept by Glance for itself (_hidden_properties). */
const HIDDEN_PROPERTY = 'os_glance_stage_host'

/** A record is never changed in place, so its printed form stays valid. */
const printed = new WeakMap<Image, string>()

/** One image; its members have an address of their own. */
export function printImage(image: Image): string {
  const known = printed.get(image)
  if (known !== undefined) return known
  const path = `/v2/images/${image.id}`
  const properties = new Map(image.properties)
  properties.delete(HIDDEN_PROPERTY)
  for (const [key, value] of properties) {
    // Mirrors glance/schema.py (Schema.filter).
    if (value === null && !isInSchema(key)) properties.set(key, '')
  }
  const text = JSON.stringify({
    ...writeDocument({ ...image, properties, members: [] }),
    self: path,
    file: `${path}/file`,
    schema: '/v2/schemas/image',
  })
  printed.set(image, text)
  return text
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

/** Mirrors glance/api/v2/image_members.py (_format_image_member). */
export function printMember(image: Image, member: Member): string {
  return JSON.stringify({
    member_id: member.project,
    image_id: image.id,
    status: member.status,
    created_at: printTime(member.createdAt),
    updated_at: printTime(member.updatedAt),
    schema: '/v2/schemas/member',
  })
}

export function printMembers(image: Image, members: readonly Member[]): string {
  const list = members.map((member) => printMember(image, member)).join(',')
  return `{"members":[${list}],"schema":"/v2/schemas/members"}`
}
