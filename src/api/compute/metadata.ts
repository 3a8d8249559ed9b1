import type { Catalogue, PropertyChange } from '../../catalogue/catalogue.ts'
import { BASE_PROPERTIES } from '../../image/base-properties.ts'
import type { Image } from '../../image/image.ts'
import { said } from '../request/said.ts'
import type { Call } from './call.ts'
import { ComputeFault } from './faults.ts'
import { readMetadata, readMetadataItem } from './metadata-body.ts'
import { printMetadata, printMetadataItem } from './view.ts'

/** The metadata operations. Mirrors nova/api/openstack/compute/image_metadata.py. */

/** Nova's quota for metadata items (quota.metadata_items). */
const ITEMS_MAX = 128

/**
 * Names that Nova accepts with 200, echoes, and does not write: they are the image's own fields,
 * which Nova sends back to Glance unchanged (nova/image/glance.py, _translate_to_glance).
 */
const ECHOED: ReadonlySet<string> = new Set([
  'id',
  'image_id',
  'name',
  'owner',
  'visibility',
  'min_ram',
  'min_disk',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'disk_format',
  'container_format',
  'os_hidden',
])
/**
 * Glance refuses these in addition to its base schema (glance/api/v2/images.py,
 * _reserved_properties).
 */
const RESERVED: ReadonlySet<string> = new Set([...BASE_PROPERTIES, 'location'])
const RESERVED_PREFIX = 'os_glance_'
/** Free properties that must be ids according to the Image service's schema-image.json. */
const ID_PROPERTIES: ReadonlySet<string> = new Set(['kernel_id', 'ramdisk_id'])
const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

const NONE: ReadonlySet<string> = new Set()

/** `GET metadata` */
export async function showMetadata(call: Call, catalogue: Catalogue): Promise<string> {
  return printMetadata((await catalogue.get(call.viewer, call.id)).properties)
}

/** `GET metadata/{key}` */
export async function showItem(call: Call, catalogue: Catalogue): Promise<string> {
  const value = (await catalogue.get(call.viewer, call.id)).properties.get(call.key)
  if (value === undefined) {
    throw new ComputeFault('metadata.key_not_found', 'The resource could not be found.')
  }
  return printMetadataItem(call.key, value)
}

/** `POST metadata`: adds to what is there; answers all of it. */
export async function mergeMetadata(
  call: Call,
  body: unknown,
  catalogue: Catalogue,
): Promise<string> {
  const items = readMetadata(body, call.prefix)
  const image = await catalogue.get(call.viewer, call.id)
  checkCount(new Set([...image.properties.keys(), ...items.keys()]))
  const changed = await write(call, catalogue, { remove: NONE, set: items })
  return printMetadata(changed.properties)
}

/** `PUT metadata`: replaces what is there; answers as sent. */
export async function replaceMetadata(
  call: Call,
  body: unknown,
  catalogue: Catalogue,
): Promise<string> {
  const items = readMetadata(body, call.prefix)
  await catalogue.get(call.viewer, call.id)
  checkCount(new Set(items.keys()))
  await write(call, catalogue, { remove: 'all', set: items })
  return JSON.stringify({ metadata: Object.fromEntries(items) })
}

/** `PUT metadata/{key}`: answers as sent. */
export async function setItem(call: Call, body: unknown, catalogue: Catalogue): Promise<string> {
  const value = readMetadataItem(body, call.key, call.prefix)
  const image = await catalogue.get(call.viewer, call.id)
  checkCount(new Set([...image.properties.keys(), call.key]))
  await write(call, catalogue, { remove: NONE, set: new Map([[call.key, value]]) })
  return JSON.stringify({ meta: { [call.key]: value } })
}

/** `DELETE metadata/{key}`; a missing key is reported before a missing right. */
export async function deleteItem(call: Call, catalogue: Catalogue): Promise<void> {
  const image = await catalogue.get(call.viewer, call.id)
  if (!image.properties.has(call.key)) {
    throw new ComputeFault('metadata.key_not_found', 'Invalid metadata key')
  }
  const change = { remove: new Set([call.key]), set: new Map(), propertiesMax: Infinity }
  await catalogue.changeProperties(call.viewer, call.id, change)
}

async function write(
  call: Call,
  catalogue: Catalogue,
  change: Omit<PropertyChange, 'propertiesMax'>,
): Promise<Image> {
  const set = new Map([...change.set].filter(([key]) => !ECHOED.has(key)))
  for (const [key, value] of set) checkWritable(call, key, value)
  return catalogue.changeProperties(call.viewer, call.id, {
    ...change,
    set,
    propertiesMax: ITEMS_MAX,
  })
}

function checkWritable(call: Call, key: string, value: string | null): void {
  if (RESERVED.has(key) || key.startsWith(RESERVED_PREFIX)) {
    throw new ComputeFault('metadata.reserved', said`Not authorized for image ${call.id}.`)
  }
  if (ID_PROPERTIES.has(key) && (value === null || !UUID.test(value))) {
    throw new ComputeFault(
      'metadata.reserved',
      said`Metadata item ${key} must be the id of an image.`,
    )
  }
}

/** Mirrors nova/api/openstack/common.py (check_img_metadata_properties_quota). */
function checkCount(keys: ReadonlySet<string>): void {
  if (keys.size > ITEMS_MAX) {
    throw new ComputeFault('property.limit_exceeded', 'Image metadata limit exceeded')
  }
}
