import { hasOwnMeaning } from '../image/image-parameters.ts'
import type { AskedList } from './asked-list.ts'
import { describeParts, listParts } from './list-parts.ts'
import { pointer, quoted } from './source-text.ts'
import { REPLACE_ALL, type Translation, type Translator, translated } from './translation.ts'

/** Python with openstacksdk, on a `connection` of it. */
export const openstacksdk: Translator = (call) => {
  if (call.kind === 'list') return listCode(call.list)
  const id = quoted(call.id)
  switch (call.kind) {
    case 'show':
      return translated(`image = connection.image.get_image(${id})`)
    case 'delete':
      return translated(`connection.image.delete_image(${id}, ignore_missing=False)`)
    case 'show_metadata':
      return translated(`image = connection.image.get(${path(call.id)}).json()`, [], [FIELDS])
    case 'show_metadata_item':
      return translated(
        `value = connection.image.get(${path(call.id)}).json()[${quoted(call.key)}]`,
      )
    case 'set_metadata_item':
      return translated(patch(call.id, `"op": "add", ${at(call.key)}, "value": "VALUE"`))
    case 'delete_metadata_item':
      return translated(patch(call.id, `"op": "remove", ${at(call.key)}`))
    case 'merge_metadata':
      return translated(patch(call.id, '"op": "add", "path": "/KEY", "value": "VALUE"'), [], [EACH])
    case 'replace_metadata':
      return translated(
        patch(call.id, '"op": "add", "path": "/KEY", "value": "VALUE"'),
        [],
        [REPLACE_ALL, `${EACH} {"op": "remove", "path": "/KEY"} removes.`],
      )
  }
}

const FIELDS = 'A property is a field of the image itself, beside name and status.'
const EACH = 'One operation for each property.'

function path(id: string): string {
  return quoted(`/images/${encodeURIComponent(id)}`)
}

function at(key: string): string {
  return `"path": ${quoted(pointer(key))}`
}

function patch(id: string, operation: string): string {
  return `connection.image.patch(
    ${path(id)},
    json=[{${operation}}],
    headers={"Content-Type": "application/openstack-images-v2.1-json-patch"},
)`
}

/** `images()` refuses parameters that it does not know, so those need a plain request. */
function listCode(list: AskedList): Translation {
  const parts = listParts(list)
  const { name, status, updatedSince, minRamMib, minDiskGib, marker } = parts
  const properties = parts.properties.filter(([key]) => !hasOwnMeaning(key))
  const missing = describeParts({
    properties: parts.properties.filter(([key]) => hasOwnMeaning(key)),
  })
  // A limit would count images that the reader has to leave out.
  const limit = missing.length > 0 ? undefined : parts.limit
  if (limit !== parts.limit) missing.push(...describeParts({ limit: parts.limit }))
  const asked: [string, string | number][] = []
  const ask = (parameter: string, value: string | number | undefined) => {
    if (value !== undefined) asked.push([parameter, value])
  }
  ask('name', name)
  ask('status', status)
  ask('updated_at', updatedSince === undefined ? undefined : `gte:${updatedSince}`)
  const isKnown = minRamMib === undefined && minDiskGib === undefined && properties.length === 0
  ask('min_ram', minRamMib)
  ask('min_disk', minDiskGib)
  for (const [key, value] of properties) ask(key, value)
  ask('limit', limit)
  ask('marker', marker)
  const code = isKnown ? callOfImages(asked, limit !== undefined) : plainRequests(asked, limit)
  return translated(code, missing)
}

function callOfImages(asked: readonly [string, string | number][], isOnePage: boolean): string {
  const words = asked.map(([name, value]) => `${name}=${literalOf(value)}`)
  if (isOnePage) words.push('paginated=False')
  return `images = list(connection.image.images(${words.join(', ')}))`
}

function plainRequests(
  asked: readonly [string, string | number][],
  limit: number | undefined,
): string {
  const query = asked.map(([name, value]) => `${quoted(name)}: ${literalOf(value)}`).join(', ')
  if (limit !== undefined) {
    return `images = connection.image.get("/images", params={${query}}).json()["images"]`
  }
  return `query = {${query}}
images = []
while True:
    page = connection.image.get("/images", params=query).json()
    images += page["images"]
    if "next" not in page:
        break
    query["marker"] = page["images"][-1]["id"]`
}

function literalOf(value: string | number): string {
  return typeof value === 'number' ? String(value) : quoted(value)
}
