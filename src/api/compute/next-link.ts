import { formEncodeAll } from '../request/form-encode.ts'
import { type ListCall, linkBases } from './call.ts'
import type { ListRequest } from './query.ts'

/**
 * Every parameter, sorted by name and form-encoded; a new marker comes last, an existing one is
 * replaced in its place. Mirrors nova/api/openstack/common.py (ViewBuilder._get_next_link).
 */
export function nextLink(call: ListCall, { parameters }: ListRequest, lastId: string): string {
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  const next = new Map(sorted).set('marker', lastId)
  const path = call.operation === 'list_images' ? 'images' : 'images/detail'
  const href = `${linkBases(call).self}/${path}?${formEncodeAll(next)}`
  return `[{"rel":"next","href":${JSON.stringify(href)}}]`
}
