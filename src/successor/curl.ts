import { hasOwnMeaning } from '../image/image-parameters.ts'
import type { AskedList, Parameter } from './asked-list.ts'
import { hasNoMatch, imageApiParameters } from './image-api.ts'
import { imsParameters } from './ims.ts'
import { describeParts } from './list-parts.ts'
import { pointer, quoted, shellWord } from './source-text.ts'
import {
  noEquivalent,
  REPLACE_ALL,
  type Translation,
  type Translator,
  translated,
} from './translation.ts'

const FOLLOW_NEXT = 'The Image service answers in pages: follow "next" until an answer has none.'

/** The Image service's own API, asked with curl. The token is in `$TOKEN`. */
export const curl: Translator = (call, imageEndpoint) => {
  if (call.kind === 'list') return curlList(call.list, imageEndpoint)
  const image = `${imageEndpoint}/v2/images/${encodeURIComponent(call.id)}`
  switch (call.kind) {
    case 'show':
      return translated(curlCommand(image))
    case 'delete':
      return translated(`curl -X DELETE -H "X-Auth-Token: $TOKEN" "${image}"`)
    case 'show_metadata':
    case 'show_metadata_item':
      return translated(
        curlCommand(image),
        [],
        ['A property is a field of the image itself, beside name and status.'],
      )
    case 'delete_metadata_item':
      return translated(patchCommand(image, { op: 'remove', path: pointer(call.key) }))
    case 'set_metadata_item':
      return translated(patchCommand(image, { op: 'add', path: pointer(call.key), value: 'VALUE' }))
    case 'merge_metadata':
      return translated(
        patchCommand(image, { op: 'add', path: '/KEY', value: 'VALUE' }),
        [],
        ['One operation for each property; "add" changes the value of one that is there.'],
      )
    case 'replace_metadata':
      return translated(
        patchCommand(image, { op: 'add', path: '/KEY', value: 'VALUE' }),
        [],
        [REPLACE_ALL, 'One operation for each property: {"op": "remove", "path": "/KEY"} removes.'],
      )
  }
}

function curlList(list: AskedList, imageEndpoint: string): Translation {
  const unaskable = hasNoMatch(list.query) ? [] : unaskableProperties(list)
  const kept = new Map(list.query.properties)
  for (const [name] of unaskable) kept.delete(name)
  // A limit would count images that the reader has to leave out.
  const limit = unaskable.length > 0 ? Number.POSITIVE_INFINITY : list.limit
  const askable = { ...list, limit, query: { ...list.query, properties: kept } }
  const parameters = imageApiParameters(askable) ?? []
  const missing = describeParts({ properties: unaskable })
  if (limit !== list.limit) missing.push(...describeParts({ limit: list.limit }))
  return translated(
    curlCommand(withQuery(`${imageEndpoint}/v2/images`, parameters)),
    missing,
    Number.isFinite(limit) ? [] : [FOLLOW_NEXT],
  )
}

function unaskableProperties({ query }: AskedList): readonly Parameter[] {
  return [...(query.properties ?? [])].filter(([name]) => hasOwnMeaning(name))
}

/** The vendor's Image Management Service, asked with curl. */
export const imsCurl: Translator = (call, imageEndpoint) => {
  const images = `${imageEndpoint}/v2/cloudimages`
  if (call.kind === 'list') {
    const parameters = imsParameters(call.list)
    if (parameters === undefined) {
      return noEquivalent('Its query has no operators and knows only properties of its own.')
    }
    const notes = Number.isFinite(call.list.limit) ? [] : [IMS_PAGES]
    return translated(curlCommand(withQuery(images, parameters)), [], notes)
  }
  if (call.kind === 'show') return translated(curlCommand(withQuery(images, [['id', call.id]])))
  return noEquivalent('It lists images; this is asked of the Image API.')
}

const IMS_PAGES =
  'It answers at most 500 images unless told and links to no next page: go on with marker=ID of the last.'

function curlCommand(url: string): string {
  return `curl -H "X-Auth-Token: $TOKEN" "${url}"`
}

function withQuery(url: string, parameters: readonly Parameter[]): string {
  const query = new URLSearchParams(parameters.map(([name, value]) => [name, value])).toString()
  return query === '' ? url : `${url}?${query}`
}

type PatchOperation = { readonly op: string; readonly path: string; readonly value?: string }

function patchCommand(url: string, operation: PatchOperation): string {
  const { op, path, value } = operation
  const members = [`"op": "${op}"`, `"path": ${quoted(path)}`]
  if (value !== undefined) members.push(`"value": ${quoted(value)}`)
  return (
    'curl -X PATCH -H "X-Auth-Token: $TOKEN" ' +
    '-H "Content-Type: application/openstack-images-v2.1-json-patch" ' +
    `-d ${shellWord(`[{${members.join(', ')}}]`)} "${url}"`
  )
}
