import type { CallerDocument } from '../../ledger/document.ts'
import { type Tool, translate } from '../../successor/translate.ts'
import type { Translation } from '../../successor/translation.ts'
import { readRequest } from '../translate/read-request.ts'

/** What a caller has to change: the present call, and what replaces it. */
export interface Advice {
  readonly before: string
  readonly tool: Tool
  readonly after: Translation
}

/** Stands where the ledger keeps no value. */
const SAMPLES: Readonly<Record<string, string>> = {
  'changes-since': '2026-01-01T00:00:00Z',
  limit: '100',
  marker: 'IMAGE_ID',
  minDisk: '10',
  minRam: '512',
  name: 'NAME',
  server: 'SERVER_ID',
  status: 'ACTIVE',
  type: 'snapshot',
}

/** The tool that fits the users of a client best; curl for an unknown client. */
const TOOL_OF: Readonly<Record<string, Tool>> = {
  ansible: 'openstacksdk',
  gophercloud: 'gophercloud',
  'cluster-api': 'gophercloud',
  packer: 'gophercloud',
  'rancher-machine': 'gophercloud',
  novaclient: 'openstack',
  openstackclient: 'openstack',
  openstacksdk: 'openstacksdk',
  keystoneauth: 'openstacksdk',
  python: 'openstacksdk',
  terraform: 'terraform',
}

const METHODS: Readonly<Record<string, string>> = {
  delete_image: 'DELETE',
  merge_metadata: 'POST',
  replace_metadata: 'PUT',
  set_metadata_item: 'PUT',
  delete_metadata_item: 'DELETE',
}

const PATHS: Readonly<Record<string, string>> = {
  list_images: 'images',
  list_images_detail: 'images/detail',
  show_image: 'images/IMAGE_ID',
  delete_image: 'images/IMAGE_ID',
  show_metadata: 'images/IMAGE_ID/metadata',
  merge_metadata: 'images/IMAGE_ID/metadata',
  replace_metadata: 'images/IMAGE_ID/metadata',
  show_metadata_item: 'images/IMAGE_ID/metadata/KEY',
  set_metadata_item: 'images/IMAGE_ID/metadata/KEY',
  delete_metadata_item: 'images/IMAGE_ID/metadata/KEY',
}

/** undefined for an unknown operation, written by a newer version. */
export function adviceFor({ operation, filters, client }: CallerDocument): Advice | undefined {
  const path = PATHS[operation]
  if (path === undefined) return undefined
  const query = filters.map((name) =>
    name === 'property' ? 'property-KEY=VALUE' : `${name}=${SAMPLES[name] ?? 'VALUE'}`,
  )
  const target = query.length === 0 ? path : `${path}?${query.join('&')}`
  const before = `${METHODS[operation] ?? 'GET'} /v2.1/${target}`
  const reading = readRequest(before)
  if (reading.kind !== 'call') return undefined
  const tool = TOOL_OF[client] ?? 'curl'
  return { before, tool, after: translate(reading.call, tool, '$IMAGE_ENDPOINT') }
}
